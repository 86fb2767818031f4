package dev.aioscope.cli.option;

import dev.aioscope.agent.ProbeSelector;
import dev.aioscope.agent.ProbeSelector.Opened;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.proc.BlockDevice;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say how to look at the kernel. */
public final class ProbeOptions {
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

    private final @Nullable ReplaySource replay;
    private boolean lingers;

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

    /** Of this host, or of a recording. */
    public ProbeOptions(@Nullable ReplaySource replay) {
        this.replay = replay;
    }

    /** What is replayed; null if this host is looked at. */
    public @Nullable ReplaySource replay() {
        return replay;
    }

    /** Has the end of a recording shown until the command is stopped. */
    public void linger() {
        lingers = true;
    }

    /** The host that is looked at. */
    public HostInfo origin() {
        return replay == null ? HostInfo.here() : replay.recording().origin();
    }

    /** Its clocks. */
    public WallClock clock() {
        return replay == null
                ? new WallClock(BootClock::now, InstantSource.system())
                : replay.recording().clock();
    }

    /**
     * Who its processes are.
     *
     * @param found how they are found out on this host; of a recording those are told that it knows
     */
    public Processes processes(HideArgumentsOption hidden, Function<Boolean, Processes> found) {
        return replay == null
                ? found.apply(hidden.isHidden())
                : replay.recording().processes(hidden.isHidden());
    }

    /** What finds a block device of that host by its numbers; of a recorded one they are not known. */
    public Function<String, Optional<BlockDevice>> devices() {
        return replay == null ? BlockDevice::of : numbers -> Optional.empty();
    }

    /**
     * Attaches the probes, or begins to tell the recording.
     *
     * @param allowSyscall whether the tier {@code syscall} may be taken without being asked for
     * @param wanted what is wanted of them
     * @throws ProbeException if this host does not give what was asked
     */
    public Opened open(boolean allowSyscall, ProbeSettings wanted) {
        if (replay != null) {
            return new Opened(replay.probes(lingers), List.of());
        }
        List<Tier> tiers = engine.tiers(tier, allowSyscall ? ProbeSelector.ALL : ProbeSelector.CHEAP);
        return ProbeSelector.open(engine.all(), tiers, probeMode.modes(), wanted);
    }
}
