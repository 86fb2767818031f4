package dev.aioscope.output;

import dev.aioscope.diagnosis.Versions;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.output.SummaryText.Summary;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.Probes;
import dev.aioscope.telemetry.AgentStatistics;
import dev.aioscope.telemetry.Loss;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is observed, on which host and how well, as a JSON object; {@code agent/json.md} documents the names. */
public final class StatusJson {
    private StatusJson() {}

    /**
     * What has been observed so far. Times are CLOCK_BOOTTIME ns.
     *
     * @param isRecording whether a recording replaces the host
     * @param began when the observation began
     * @param now the present, or the end of the recording
     * @param scanned the time of the latest scan; null before the first
     * @param reports the number of reports so far
     */
    public record Progress(
            boolean isRecording,
            long began,
            long now,
            @Nullable Long scanned,
            long reports) {}

    /**
     * One line.
     *
     * @param gaps what is not observed or was lost, one sentence each
     */
    public static String of(
            Probes probes,
            Progress progress,
            Summary summary,
            List<String> gaps,
            AgentStatistics statistics,
            Duration stuckAfter,
            WallClock clock) {
        HostInfo host = probes.host();
        Long scanned = progress.scanned;
        return Json.line(
                "status",
                json -> json.put("time", clock.epochNanos(progress.now))
                        .put("began_time", clock.epochNanos(progress.began))
                        .put("scan_time", scanned == null ? null : (Long) clock.epochNanos(scanned))
                        .put("recording", progress.isRecording)
                        .put("aioscope", Versions.aioscope())
                        .put("host", host.name())
                        .put("kernel", host.release())
                        .put("machine", host.machine())
                        .put("tier", probes.tier().label())
                        .put("engine", probes.engine())
                        .put("stuck_after_ns", stuckAfter.toNanos())
                        .put("reports", progress.reports)
                        .put("state", summary.state().label())
                        .strings("summary", summary.sentences())
                        .strings("gaps", gaps)
                        .object("lost", lost -> {
                            for (Loss loss : Loss.values()) {
                                lost.put(loss.label(), loss.of(statistics));
                            }
                        })
                        .put("unidentified", statistics.unidentified()));
    }
}
