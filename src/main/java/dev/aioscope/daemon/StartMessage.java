package dev.aioscope.daemon;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.ProbeSelector.UnavailableTier;
import dev.aioscope.diagnosis.Versions;
import dev.aioscope.kernel.PidNamespace;
import dev.aioscope.output.TierReport;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.TraceExport;
import java.util.List;
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
                + namespace(opened)
                + ", probes " + TierReport.modes(opened.probes())
                + ", metrics at " + (url == null ? "no address (listen is off)" : url + "/metrics")
                + export.metricsEndpoint()
                        .map(endpoint -> " and pushed to " + endpoint)
                        .orElse("")
                + export.endpoint()
                        .map(endpoint -> traces(opened.probes().tier(), endpoint))
                        .orElse(", traces off: " + export.whyOff())
                + export.logsEndpoint().map(endpoint -> ", logs to " + endpoint).orElse("")
                + TierReport.byCause(opened).stream()
                        .map(same -> describe(same, opened))
                        .collect(Collectors.joining());
    }

    /** A span needs the time of a call, and only probes on calls observe it. */
    private static String traces(Tier tier, String endpoint) {
        return tier == Tier.FULL || tier == Tier.SYSCALL
                ? ", traces to " + endpoint
                : ", traces off: the tier " + tier.label() + " observes no times of calls";
    }

    /** The warning that follows says what it means. */
    private static String namespace(SelectedProbes opened) {
        return opened.probes().canWait() || PidNamespace.read().isHosts() ? "" : " in a separate pid namespace";
    }

    private static String describe(List<UnavailableTier> same, SelectedProbes opened) {
        return "; cannot use " + TierReport.names(same, opened) + ": "
                + same.get(0).reason().replaceAll("\\s+", " ") + " (hint: "
                + same.get(0).hint() + ")";
    }
}
