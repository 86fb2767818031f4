package dev.aioscope.cli;

import dev.aioscope.agent.ProbeChoice;
import dev.aioscope.agent.ProbeChoice.Opened;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.probe.Origin;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.ProbePoint.Mode;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.Settings;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.telemetry.WallClock;
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

    private final @Nullable Replay replay;
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
    ProbeOptions(@Nullable Replay replay) {
        this.replay = replay;
    }

    /** What is replayed; null if this host is looked at. */
    @Nullable Replay replay() {
        return replay;
    }

    /** Has the end of a recording shown until the command is stopped. */
    void linger() {
        lingers = true;
    }

    /** The host that is looked at. */
    Origin origin() {
        return replay == null ? Origin.here() : replay.recording().origin();
    }

    /** Its clocks. */
    WallClock clock() {
        return replay == null
                ? new WallClock(BootClock::now, InstantSource.system())
                : replay.recording().clock();
    }

    /**
     * Who its processes are.
     *
     * @param found how they are found out on this host; of a recording those are told that it knows
     */
    Processes processes(HideArguments hidden, Function<Boolean, Processes> found) {
        return replay == null
                ? found.apply(hidden.isHidden())
                : replay.recording().processes(hidden.isHidden());
    }

    /** What finds a block device of that host by its numbers; of a recorded one they are not known. */
    Function<String, Optional<BlockDevice>> devices() {
        return replay == null ? BlockDevice::of : numbers -> Optional.empty();
    }

    /**
     * Attaches the probes, or begins to tell the recording.
     *
     * @param allowSyscall whether the tier {@code syscall} may be taken without being asked for
     * @param wanted what is wanted of them
     * @throws ProbeException if this host does not give what was asked
     */
    Opened open(boolean allowSyscall, Settings wanted) {
        if (replay != null) {
            return new Opened(replay.probes(lingers), List.of());
        }
        List<Tier> tiers = engine.tiers(tier, allowSyscall ? ProbeChoice.ALL : ProbeChoice.CHEAP);
        return ProbeChoice.open(engine.all(), tiers, probeMode.modes(), wanted);
    }
}
