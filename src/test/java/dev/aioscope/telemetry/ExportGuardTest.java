package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.telemetry.TraceExport.Counts;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.testing.trace.TestSpanData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExportGuardTest {
    private static final Logger LOG = Logger.getLogger(TraceExport.class.getName());

    private final List<String> lines = new ArrayList<>();
    private final Handler collector = new Handler() {
        @Override
        public void publish(LogRecord logged) {
            lines.add(new SimpleFormatter().formatMessage(logged));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private long now = 5;
    private final ExportGuard guard = new ExportGuard(() -> now);
    private final ScriptedExporter backEnd = new ScriptedExporter();
    private final SpanExporter exporter = guard.watch(backEnd, "http://user:secret@host:4318/v1/traces");

    @BeforeEach
    void collect() {
        LOG.addHandler(collector);
        LOG.setUseParentHandlers(false);
    }

    @AfterEach
    void restore() {
        LOG.removeHandler(collector);
        LOG.setUseParentHandlers(true);
    }

    @Test
    void saysTheFirstFailureAndThenOneAMinute() {
        fail("no route");
        fail("no route");
        now += TimeUnit.SECONDS.toNanos(59);
        fail("no route");
        assertThat(lines).containsExactly("Spans do not reach http://host:4318/v1/traces: no route. Lost so far: 2.");

        now += TimeUnit.SECONDS.toNanos(1);
        fail("HTTP 503");
        assertThat(lines)
                .hasSize(2)
                .last()
                .isEqualTo("Spans do not reach http://host:4318/v1/traces: HTTP 503. Lost so far: 8.");
    }

    @Test
    void aBackEndThatIsDownForAnHourCostsALineAMinuteAndEachSpanIsCounted() {
        for (int second = 0; second < 3600; second++) {
            fail("no route");
            now += TimeUnit.SECONDS.toNanos(1);
        }
        assertThat(lines).hasSize(60);
        assertThat(guard.counts()).extracting(Counts::exported, Counts::failed).containsExactly(0L, 7200L);

        succeed();
        assertThat(guard.counts()).extracting(Counts::exported, Counts::failed).containsExactly(2L, 7200L);
        guard.closed();
        assertThat(lines).hasSize(61).last().asString().endsWith("Lost so far: 7200.");
    }

    @Test
    void aSuccessIsNoNews() {
        fail("no route");
        now += TimeUnit.HOURS.toNanos(1);
        succeed();
        guard.closed();
        assertThat(lines).hasSize(1);
        assertThat(guard.counts()).extracting(Counts::exported, Counts::failed).containsExactly(2L, 2L);
    }

    @Test
    void theEndTellsTheRest() {
        fail("no route");
        guard.closing();
        fail("no route");
        guard.closed();
        assertThat(lines).hasSize(2).last().asString().endsWith("Lost so far: 4.");
    }

    @Test
    void anExceptionIsAFailure() {
        backEnd.thrown = new IllegalStateException("broken\n  twice");
        assertThat(exporter.export(spans()).isSuccess()).isFalse();
        assertThat(lines).singleElement().asString().contains(": IllegalStateException: broken twice. Lost");
    }

    @Test
    void aReasonIsCutShort() {
        fail("x".repeat(5000));
        assertThat(lines).singleElement().asString().hasSizeLessThan(300);
    }

    @Test
    void shutsTheExporterOnce() {
        guard.cancel();
        exporter.shutdown();
        assertThat(backEnd.shutdowns).isEqualTo(1);
    }

    private void fail(String reason) {
        guard.reasons().publish(new LogRecord(Level.WARNING, "Failed to export 2 spans. " + reason));
        backEnd.result = CompletableResultCode.ofFailure();
        exporter.export(spans());
    }

    private void succeed() {
        backEnd.result = CompletableResultCode.ofSuccess();
        exporter.export(spans());
    }

    private static List<SpanData> spans() {
        SpanData span = TestSpanData.builder()
                .setName("s")
                .setKind(SpanKind.INTERNAL)
                .setStartEpochNanos(1)
                .setEndEpochNanos(2)
                .setHasEnded(true)
                .setStatus(StatusData.unset())
                .build();
        return List.of(span, span);
    }

    private static final class ScriptedExporter implements SpanExporter {
        private CompletableResultCode result = CompletableResultCode.ofSuccess();
        private RuntimeException thrown;
        private int shutdowns;

        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            if (thrown != null) {
                throw thrown;
            }
            return result;
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            shutdowns++;
            return CompletableResultCode.ofSuccess();
        }
    }
}
