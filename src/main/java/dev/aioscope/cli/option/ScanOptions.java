package dev.aioscope.cli.option;

import dev.aioscope.agent.ProbeSelector;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.output.TierReport;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.ProbeSettings;
import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of a command that looks at the tasks of the host, without any probe on a call. */
public final class ScanOptions {
    enum TierOption {
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
                "How to look: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, the best that this host allows).",
                "sample: with a BPF iterator. proc: at /proc, without BPF; no charges, no requests outstanding."
            })
    private TierOption tier = TierOption.AUTO;

    /**
     * What the command looks through; why that is not better is told.
     *
     * @param err for people
     * @throws ProbeException if this host does not give it
     */
    public Probes open(PrintWriter err) {
        SelectedProbes opened = ProbeSelector.open(
                engine.all(),
                engine.tiers(tier, ProbeSelector.SCAN_TIERS),
                EnumSet.allOf(Mode.class),
                ProbeSettings.PLAIN);
        if (opened.probes().tier() == Tier.PROC) {
            TierReport.unavailable(opened).forEach(err::println);
        }
        return opened.probes();
    }
}
