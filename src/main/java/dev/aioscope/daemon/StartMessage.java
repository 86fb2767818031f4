package dev.aioscope.daemon;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.ProbeSelector.UnavailableTier;
import dev.aioscope.diagnosis.Versions;
import dev.aioscope.output.TierReport;
import dev.aioscope.telemetry.TraceExport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The daemon's first log line. */
final class StartMessage {
    private StartMessage() {}

    /**
     * What the daemon uses and where its output goes.
     *
     * @param url null if HTTP is off
     */
    static String of(SelectedProbes opened, TraceExport export, @Nullable String url) {
        return "aioscope " + Versions.aioscope() + " started: tier "
                + opened.probes().tier().label()
                + ", engine " + opened.probes().engine() + ", kernel "
                + opened.probes().host().release()
                + ", probes " + TierReport.modes(opened.probes())
                + ", metrics at " + (url == null ? "no address (listen is off)" : url + "/metrics")
                + export.metricsEndpoint()
                        .map(endpoint -> " and pushed to " + endpoint)
                        .orElse("")
                + export.endpoint()
                        .map(endpoint -> ", traces to " + endpoint)
                        .orElse(", traces off: " + export.whyOff())
                + opened.unavailable().stream()
                        .map(unavailable -> describe(unavailable, opened))
                        .collect(Collectors.joining());
    }

    private static String describe(UnavailableTier unavailable, SelectedProbes opened) {
        return "; cannot use " + TierReport.name(unavailable, opened) + ": "
                + unavailable.reason().replaceAll("\\s+", " ") + " (hint: " + unavailable.hint() + ")";
    }
}
