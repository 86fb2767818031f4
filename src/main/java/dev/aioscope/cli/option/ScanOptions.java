package dev.aioscope.cli.option;

import dev.aioscope.agent.ProbeSelector;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.kernel.PidNamespace;
import dev.aioscope.output.TierReport;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.ProbeSettings;
import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of commands that only scan the tasks of the host, without probes on calls. */
public final class ScanOptions {
    enum ScanTier {
        AUTO,
        SAMPLE,
        PROC;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Mixin
    private EngineOptions engine;

    @Option(
            names = "--tier",
            paramLabel = "TIER",
            defaultValue = "auto",
            description = {
                "Select the tier (default: ${DEFAULT-VALUE}).",
                "auto: the best available. sample: scan with a BPF iterator. proc: scan /proc without BPF; shows neither"
                        + " charges nor outstanding requests."
            })
    private ScanTier tier = ScanTier.AUTO;

    /**
     * Opens the best available tier.
     *
     * @param err receives why a better tier is unavailable
     * @throws ProbeException if no requested tier is available
     */
    public Probes open(PrintWriter err) {
        return open(err, engine.tiers(tier, ProbeSelector.SCAN_TIERS));
    }

    /** Opens a tier whose PIDs are those of /proc: where these are not the host's, only proc. */
    public Probes openLikeProc(PrintWriter err) {
        return PidNamespace.read().isHostsInProc() ? open(err) : open(err, List.of(Tier.PROC));
    }

    private Probes open(PrintWriter err, List<Tier> tiers) {
        SelectedProbes opened = ProbeSelector.open(engine.all(), tiers, EnumSet.allOf(Mode.class), ProbeSettings.PLAIN);
        if (opened.probes().tier() == Tier.PROC) {
            TierReport.unavailable(opened).forEach(err::println);
        }
        return opened.probes();
    }
}
