package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.event.Operation;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identities;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.core.CoreEngine;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.TeardownSpans;
import dev.aioscope.testing.Await;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.logs.export.SimpleLogRecordProcessor;
import io.opentelemetry.sdk.testing.exporter.InMemoryLogRecordExporter;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The duty cycle on a device that delays each request for 20 s, from the first scan to the span. */
@Tag("guest")
@Tag("once")
class LateCompletionGuestTest {
    private static final Duration DELAY = Duration.ofSeconds(20);

    /** Collects the reports of aiowork's teardown. */
    private static final class ReportCollector implements LifecycleListener {
        private final List<TeardownInProgress> stuck = new CopyOnWriteArrayList<>();
        private final List<Long> stuckAt = new CopyOnWriteArrayList<>();
        private final List<Straggler> stragglers = new CopyOnWriteArrayList<>();
        private final CompletableFuture<Teardown> end = new CompletableFuture<>();

        @Override
        public void onStuck(TeardownInProgress teardown, long now) {
            stuck.add(teardown);
            stuckAt.add(now);
        }

        @Override
        public void onStraggler(Straggler straggler) {
            stragglers.add(straggler);
        }

        @Override
        public void onTeardown(Teardown teardown) {
            Task caller = teardown.caller();
            if (caller != null && caller.comm().equals("aiowork")) {
                end.complete(teardown);
            }
        }
    }

    @Test
    @Timeout(120)
    void reportsTeardownAfterThresholdAndRequestsOnCompletion() throws Exception {
        ReportCollector collector = new ReportCollector();
        InMemorySpanExporter spans = InMemorySpanExporter.create();
        InMemoryLogRecordExporter log = InMemoryLogRecordExporter.create();
        WallClock clock = new WallClock(BootClock::now, InstantSource.system());
        try (BlockingDevice device = BlockingDevice.delayed(DELAY);
                SdkTracerProvider provider = SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(spans))
                        .build();
                SdkLoggerProvider loggers = SdkLoggerProvider.builder()
                        .addLogRecordProcessor(SimpleLogRecordProcessor.create(log))
                        .build();
                DutyCycle dutyCycle = new DutyCycle(
                        BpfProbes.open(new CoreEngine(), Tier.FULL, EnumSet.allOf(Mode.class), ProbeSettings.PLAIN),
                        // Spans first, because the test waits for the end of the teardown in the other listener.
                        ForwardingListener.to(
                                new TeardownSpans(
                                        provider.get("test"),
                                        loggers.get("test"),
                                        clock,
                                        new SamplingPolicy(TeardownSpans.SLOW, 0),
                                        Identities.NONE),
                                collector),
                        clock,
                        Duration.ofMinutes(1))) {
            Thread thread = new Thread(dutyCycle::run);
            long began = BootClock.now();
            thread.start();
            awaitFirstScan(dutyCycle, began);
            try (AioWork work = AioWork.start("destroy", "--outstanding", "3", "--device", device.path())) {
                work.finish();
                Teardown end = collector.end.get(60, TimeUnit.SECONDS);
                assertFoundStuckSoon(collector, end);
                assertStragglers(collector.stragglers, work, device);
                assertTelemetry(spans, log);
            } finally {
                dutyCycle.stop();
                thread.join();
            }
        }
    }

    /** Also waits for the pause after the scan, which limits scans to a fifth of the time. */
    private static void awaitFirstScan(DutyCycle dutyCycle, long began) {
        Await.until("the first scan", () -> dutyCycle.latestScan() != null);
        long over = BootClock.now();
        Await.until("the end of the pause", () -> BootClock.now() >= over + 4 * (over - began));
    }

    private static void assertFoundStuckSoon(ReportCollector collector, Teardown end) {
        assertThat(collector.stuck).singleElement().satisfies(stuck -> {
            assertThat(stuck.waitReason()).isEqualTo(WaitReason.REQUESTS);
            assertThat(stuck.outstandingNow()).isEqualTo(3);
            assertThat(stuck.known().context()).isEqualTo(end.context());
        });
        StuckTeardowns.assertReportedAfterThreshold(
                collector.stuckAt.get(0) - end.call().enterTime());
    }

    private static void assertStragglers(List<Straggler> stragglers, AioWork work, BlockingDevice device) {
        String path = device.path().substring("/dev".length());
        String numbers = Host.read("/sys/class/block/dm-0/dev").orElseThrow().strip();
        assertThat(stragglers)
                .extracting(
                        Straggler::operation, Straggler::path, Straggler::device, Straggler::offset, Straggler::result)
                .containsExactlyInAnyOrder(
                        tuple(Operation.READ, path, numbers, 0L, 4096L),
                        tuple(Operation.READ, path, numbers, 4096L, 4096L),
                        tuple(Operation.READ, path, numbers, 8192L, 4096L));
        assertThat(stragglers)
                .allSatisfy(straggler -> assertThat(straggler.time())
                        .isBetween(work.value("submitted") + DELAY.toNanos(), work.value("returned")));
    }

    private static void assertTelemetry(InMemorySpanExporter spans, InMemoryLogRecordExporter log) {
        Optional<SpanData> destroy = spans.getFinishedSpanItems().stream()
                .filter(span -> span.getName().equals("io_destroy"))
                .findFirst();
        assertThat(log.getFinishedLogRecordItems())
                .allSatisfy(record -> assertThat(record.getSpanContext())
                        .isEqualTo(destroy.orElseThrow().getSpanContext()))
                .extracting(LogRecordData::getEventName)
                .containsExactly(
                        "aio.teardown.stuck", "aio.straggler", "aio.straggler", "aio.straggler", "aio.teardown.over");
    }
}
