package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.LogLines;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.testing.exporter.InMemoryMetricExporter;
import io.opentelemetry.sdk.testing.trace.TestSpanData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ExportMonitorTest {
    @RegisterExtension
    final LogLines log = new LogLines(TraceExport.class);

    private long now = 5;
    private final ExportMonitor monitor = new ExportMonitor("spans", () -> now);
    private final ScriptedExporter backEnd = new ScriptedExporter();
    private final SpanExporter exporter = monitor.watch(backEnd, "http://user:secret@host:4318/v1/traces");

    @Test
    void logsFirstFailureAndThenOncePerMinute() {
        fail("no route");
        fail("no route");
        now += TimeUnit.SECONDS.toNanos(59);
        fail("no route");
        assertThat(log.lines())
                .containsExactly(
                        "cannot export spans to http://host:4318/v1/traces: IOException: no route (2 lost so far)");

        now += TimeUnit.SECONDS.toNanos(1);
        fail("no host");
        assertThat(log.lines())
                .hasSize(2)
                .last()
                .isEqualTo("cannot export spans to http://host:4318/v1/traces: IOException: no host (8 lost so far)");
    }

    @Test
    void logsOncePerMinuteAndCountsEachSpanWhileBackEndIsDown() {
        for (int second = 0; second < 3600; second++) {
            fail("no route");
            now += TimeUnit.SECONDS.toNanos(1);
        }
        assertThat(log.lines()).hasSize(60);
        assertThat(monitor.counts())
                .extracting(ExportCounts::exported, ExportCounts::failed)
                .containsExactly(0L, 7200L);

        succeed();
        assertThat(monitor.counts())
                .extracting(ExportCounts::exported, ExportCounts::failed)
                .containsExactly(2L, 7200L);
        monitor.close();
        assertThat(log.lines()).hasSize(61).last().asString().endsWith(" (7200 lost so far)");
    }

    @Test
    void logsNothingOnSuccess() {
        fail("no route");
        now += TimeUnit.HOURS.toNanos(1);
        succeed();
        monitor.close();
        assertThat(log.lines()).hasSize(1);
        assertThat(monitor.counts())
                .extracting(ExportCounts::exported, ExportCounts::failed)
                .containsExactly(2L, 2L);
    }

    @Test
    void logsLastLossesOnClose() {
        fail("no route");
        monitor.startClosing();
        fail("no route");
        monitor.close();
        assertThat(log.lines()).hasSize(2).last().asString().endsWith(" (4 lost so far)");
    }

    @Test
    void countsExceptionAsFailure() {
        backEnd.thrown = new IllegalStateException("broken\n  twice");
        assertThat(exporter.export(spans()).isSuccess()).isFalse();
        assertThat(log.lines()).singleElement().asString().contains(": IllegalStateException: broken twice (");
    }

    @Test
    void truncatesLongReason() {
        fail("x".repeat(5000));
        assertThat(log.lines()).singleElement().asString().hasSizeLessThan(300);
    }

    @Test
    void shutsExporterDownOnce() {
        monitor.shutdown();
        exporter.shutdown();
        assertThat(backEnd.shutdowns).isEqualTo(1);
    }

    @Test
    void countsEachPushOfMetricsOnce() {
        InMemoryMetricExporter backEnd = InMemoryMetricExporter.create();
        ExportMonitor pushes = new ExportMonitor("metrics", () -> now);
        MetricExporter pusher = pushes.watch(backEnd, "http://host:4318/v1/metrics");
        pusher.export(List.of());
        backEnd.shutdown();
        pusher.export(List.of());
        assertThat(pushes.counts()).isEqualTo(new ExportCounts(1, 1, 0, 0, 0));
        assertThat(log.lines())
                .singleElement()
                .asString()
                .startsWith("cannot export metrics to http://host:4318/v1/metrics: ");
    }

    @Test
    void countsItemsThatTheBackEndRejectsAsFailed() {
        reject(new RejectedExportException("1 rejected", 1));
        reject(new RejectedExportException("3 rejected", 3));
        assertThat(monitor.counts())
                .extracting(ExportCounts::exported, ExportCounts::failed)
                .containsExactly(1L, 3L);
        assertThat(log.lines()).first().asString().contains(": 1 rejected (1 lost so far)");
    }

    @Test
    void logsWarningOfBackEndOncePerMinute() {
        for (int second = 0; second < 90; second++) {
            reject(new RejectedExportException("deprecated\u001b[2J\n", 0));
            now += TimeUnit.SECONDS.toNanos(1);
        }
        assertThat(log.lines())
                .hasSize(2)
                .containsOnly("exported spans to http://host:4318/v1/traces with a warning: deprecated [2J");
        assertThat(monitor.counts())
                .extracting(ExportCounts::exported, ExportCounts::failed)
                .containsExactly(180L, 0L);
    }

    private void reject(RejectedExportException rejection) {
        backEnd.result = CompletableResultCode.ofExceptionalFailure(new IOException(rejection));
        exporter.export(spans());
    }

    private void fail(String reason) {
        backEnd.result = CompletableResultCode.ofExceptionalFailure(new IOException(reason));
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
