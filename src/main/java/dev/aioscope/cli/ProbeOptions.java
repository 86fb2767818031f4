package dev.aioscope.cli;

import dev.aioscope.agent.ProbeChoice;
import dev.aioscope.agent.ProbeChoice.Opened;
import dev.aioscope.agent.StackNames;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.ProbePoint.Mode;
import dev.aioscope.probe.Tier;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say how to look at the kernel. */
final class ProbeOptions {
    enum TierOption {
        AUTO(null),
        FULL(Tier.FULL),
        SYSCALL(Tier.SYSCALL),
        SAMPLE(Tier.SAMPLE);

        private final @Nullable Tier tier;

        TierOption(@Nullable Tier tier) {
            this.tier = tier;
        }

        @Override
        public String toString() {
            return tier == null ? "auto" : tier.label();
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

    @Option(
            names = "--tier",
            paramLabel = "TIER",
            defaultValue = "auto",
            description = {
                "How much to see: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, the best that this host allows).",
                "full: every phase. syscall: the calls, without phases; slows every system call of the host."
                        + " sample: a look at an interval, so what lasts."
            })
    private TierOption tier = TierOption.AUTO;

    @Option(
            names = "--probe-mode",
            paramLabel = "MODE",
            defaultValue = "auto",
            description = {
                "How to attach to functions: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
                "auto takes fentry and, where the kernel refuses it, kprobe."
            })
    private ProbeMode probeMode = ProbeMode.AUTO;

    @Option(
            names = "--stacks",
            description = {
                "Record where programs call io_setup and io_destroy, with names (needs libbcc).",
                "Only frames that keep a frame pointer are found. What is recorded costs nothing but at these two calls;"
                        + " the names are looked up by a helper process of some 100 MB."
            })
    private boolean stacks;

    /**
     * What finds the names for the stacks, if they are wanted.
     *
     * @throws ProbeException if this host does not give them
     */
    @Nullable StackNames stackNames() {
        return stacks ? StackNames.start() : null;
    }

    /** Why no stack will ever come, if that is so although stacks are wanted. */
    Optional<String> withoutStacks(Opened opened) {
        Tier got = opened.probes().tier();
        return stacks && got != Tier.FULL && got != Tier.SYSCALL
                ? Optional.of("No stacks: they are taken in io_setup and io_destroy, and the tier " + got.label()
                        + " has no probe there")
                : Optional.empty();
    }

    /** The same listener, with names for the stacks that it is told, if they are wanted. */
    static LifecycleListener named(@Nullable StackNames names, LifecycleListener listener) {
        return names == null ? listener : names.before(listener);
    }

    /**
     * Attaches the probes.
     *
     * @param allowSyscall whether the tier {@code syscall} may be taken without being asked for
     * @throws ProbeException if this host does not give what was asked
     */
    Opened open(boolean allowSyscall) {
        return ProbeChoice.open(engine.all(), tier.tier, allowSyscall, probeMode.modes(), stacks);
    }
}
