package dev.aioscope.cli;

import dev.aioscope.agent.ProbeChoice;
import dev.aioscope.agent.ProbeChoice.Opened;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.ProbePoint.Mode;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.Settings;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say how to look at the kernel. */
final class ProbeOptions {
    enum TierOption {
        AUTO,
        FULL,
        SYSCALL,
        SAMPLE,
        PROC;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    enum ProbeMode {
        AUTO,
        FENTRY,
        KPROBE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

        Set<Mode> modes() {
            EnumSet<Mode> modes = EnumSet.allOf(Mode.class);
            switch (this) {
                case AUTO -> {}
                case FENTRY -> modes.removeAll(EnumSet.of(Mode.KPROBE, Mode.KRETPROBE));
                case KPROBE -> modes.removeAll(EnumSet.of(Mode.FENTRY, Mode.FEXIT));
            }
            return modes;
        }
    }

    @Mixin
    private EngineOptions engine;

    @Configurable
    @Option(
            names = "--tier",
            paramLabel = "TIER",
            defaultValue = "auto",
            description = {
                "How much to see: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, the best that this host allows).",
                "full: every phase. syscall: the calls, without phases; slows every system call of the host."
                        + " sample: a look at an interval, so what lasts. proc: the same without BPF, at /proc."
            })
    private TierOption tier = TierOption.AUTO;

    @Configurable(everywhere = true)
    @Option(
            names = "--probe-mode",
            paramLabel = "MODE",
            defaultValue = "auto",
            description = {
                "How to attach to functions: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
                "auto takes fentry and, where the kernel refuses it, kprobe."
            })
    private ProbeMode probeMode = ProbeMode.AUTO;

    /**
     * Attaches the probes.
     *
     * @param allowSyscall whether the tier {@code syscall} may be taken without being asked for
     * @param wanted what is wanted of them
     * @throws ProbeException if this host does not give what was asked
     */
    Opened open(boolean allowSyscall, Settings wanted) {
        List<Tier> tiers = engine.tiers(tier, allowSyscall ? ProbeChoice.ALL : ProbeChoice.CHEAP);
        return ProbeChoice.open(engine.all(), tiers, probeMode.modes(), wanted);
    }
}
