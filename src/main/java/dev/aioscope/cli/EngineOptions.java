package dev.aioscope.cli;

import dev.aioscope.agent.ProbeChoice;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.ProbePoint.Mode;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.core.CoreEngine;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** The option that says where the eBPF programs come from. */
final class EngineOptions {
    enum EngineOption {
        AUTO,
        CORE,
        BCC;

        private List<Engine> engines() {
            return switch (this) {
                case AUTO -> List.of(new CoreEngine(), new BccEngine());
                case CORE -> List.of(new CoreEngine());
                case BCC -> List.of(new BccEngine());
            };
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--engine",
            paramLabel = "ENGINE",
            defaultValue = "auto",
            description = {
                "Where the eBPF programs come from: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
                "core: from the jar, loaded by libbpf. bcc: compiled on this host by libbcc, without kernel headers."
                        + " auto takes core and, where it cannot work, bcc."
            })
    private EngineOption engine = EngineOption.AUTO;

    /**
     * What looks at the tasks of the host, without any probe on a call.
     *
     * @throws ProbeException if this host does not give that
     */
    Probes openForLooks() {
        return ProbeChoice.open(all(), Tier.SAMPLE, false, EnumSet.allOf(Mode.class), false)
                .probes();
    }

    /** Those that may be tried, the preferred one first. */
    List<Engine> all() {
        return engine.engines();
    }
}
