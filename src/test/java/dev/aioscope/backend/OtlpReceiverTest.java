package dev.aioscope.backend;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.backend.OtlpReceiver.Response;
import dev.aioscope.testing.Await;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class OtlpReceiverTest {
    private OtlpReceiver receiver;

    @BeforeEach
    void start() {
        receiver = OtlpReceiver.start();
    }

    @AfterEach
    void stop() {
        receiver.close();
    }

    /** Ends one span and returns when its export has succeeded or failed. */
    private void send(String name, String compression) {
        try (SdkTracerProvider provider = provider(compression)) {
            provider.get("test").spanBuilder(name).startSpan().end();
            CompletableResultCode flushed = provider.forceFlush().join(20, SECONDS);
            assertThat(flushed.isDone()).isTrue();
        }
    }

    private SdkTracerProvider provider(String compression) {
        SpanExporter exporter = OtlpHttpSpanExporter.builder()
                .setEndpoint(receiver.endpoint() + "/v1/traces")
                .setCompression(compression)
                .setRetryPolicy(RetryPolicy.builder()
                        .setInitialBackoff(Duration.ofMillis(10))
                        .setMaxBackoff(Duration.ofMillis(20))
                        .build())
                .build();
        return SdkTracerProvider.builder()
                .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                .build();
    }

    @Test
    void acceptsPlainAndCompressedSpans() throws Exception {
        send("plain", "none");
        send("compressed", "gzip");
        assertThat(receiver.await(2, Await.LIMIT))
                .extracting(span -> span.getName())
                .containsExactly("plain", "compressed");
        assertThat(receiver.requests())
                .extracting(request -> request.headers().getFirst("Content-Encoding"))
                .containsExactly(null, "gzip");
    }

    @Test
    void acceptsSpansAfterTemporaryFailures() throws Exception {
        receiver.next(Response.refuse(503), Response.retryAfter(Duration.ofSeconds(1)));
        send("late", "none");
        assertThat(receiver.await(1, Await.LIMIT)).hasSize(1);
        assertThat(receiver.requests()).hasSize(3);
    }

    @Test
    void getsNoRetryAfterPermanentFailure() {
        receiver.always(Response.refuse(400));
        send("bad", "none");
        assertThat(receiver.requests()).hasSize(1);
        assertThat(receiver.spans()).isEmpty();
    }

    @Test
    void getsNoRetryAfterGarbageOrPartialSuccess() {
        receiver.next(Response.garbage(), Response.partial(1, "too many"));
        send("one", "none");
        send("two", "none");
        assertThat(receiver.requests()).hasSize(2);
    }

    @Test
    void acceptsNothingWhenHangingUp() throws Exception {
        receiver.next(Response.hangUp());
        send("cut", "none");
        receiver.awaitRequests(1, Await.LIMIT);
        assertThat(receiver.spans()).isEmpty();
    }

    @Test
    void holdsResponseUntilReleased() throws Exception {
        Response held = Response.ok().held();
        receiver.next(held);
        try (SdkTracerProvider provider = provider("none")) {
            provider.get("test").spanBuilder("slow").startSpan().end();
            receiver.awaitRequests(1, Await.LIMIT);
            assertThat(receiver.spans()).isEmpty();
            held.release();
            assertThat(receiver.await(1, Await.LIMIT)).hasSize(1);
        }
    }

    @Test
    void failsAtDeadlineWithoutSpans() {
        assertThatThrownBy(() -> receiver.await(1, Duration.ofMillis(30))).hasMessageContaining("1 spans");
    }

    @Test
    void closesWhileHoldingResponse() throws Exception {
        receiver.always(Response.ok().held());
        try (SdkTracerProvider provider = provider("none")) {
            provider.get("test").spanBuilder("never").startSpan().end();
            receiver.awaitRequests(1, Await.LIMIT);
            receiver.close();
            assertThat(provider.forceFlush().join(20, SECONDS).isDone()).isTrue();
        }
    }
}
