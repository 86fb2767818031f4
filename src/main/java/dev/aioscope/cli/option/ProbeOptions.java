package dev.aioscope.cli.option;

import dev.aioscope.agent.ProbeSelector;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.ProbeSource;
import dev.aioscope.config.Configurable;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.HostInfo;
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

/** The options that select tier, engine and probe mode. */
public final class ProbeOptions implements ProbeSource {
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
                "Select the tier (default: ${DEFAULT-VALUE}).",
                "auto: the best available. full: every phase. syscall: calls without phases; slows every system call of"
                        + " the host. sample: scans at an interval, shows only what lasts. proc: scans of /proc without"
                        + " BPF."
            })
    private TierOption tier = TierOption.AUTO;

    @Configurable(everywhere = true)
    @Option(
            names = "--probe-mode",
            paramLabel = "MODE",
            defaultValue = "auto",
            description = {
                "Select how to attach to functions (default: ${DEFAULT-VALUE}).",
                "auto: fentry, else kprobe. fentry, kprobe: only this mode."
            })
    private ProbeMode probeMode = ProbeMode.AUTO;

    /** For this host if {@code replay} is null, else for a recording. */
    public ProbeOptions(@Nullable ReplaySource replay) {
        this.replay = replay;
    }

    @Override
    public boolean isRecording() {
        return replay != null;
    }

    @Override
    public void linger() {
        lingers = true;
    }

    @Override
    public HostInfo host() {
        return replay == null ? HostInfo.local() : replay.recording().host();
    }

    @Override
    public WallClock clock() {
        return replay == null
                ? new WallClock(BootClock::now, InstantSource.system())
                : replay.recording().clock();
    }

    @Override
    public Processes processes(boolean hidesArguments, int capacity) {
        return replay == null
                ? Processes.ofThisHost(hidesArguments, capacity)
                : replay.recording().processes(hidesArguments);
    }

    @Override
    public Function<String, Optional<BlockDevice>> devices() {
        return replay == null ? BlockDevice::of : numbers -> Optional.empty();
    }

    @Override
    public SelectedProbes open(boolean allowSyscall, ProbeSettings wanted) {
        if (replay != null) {
            return new SelectedProbes(replay.probes(lingers), List.of());
        }
        List<Tier> tiers = engine.tiers(tier, allowSyscall ? ProbeSelector.ALL : ProbeSelector.WITHOUT_SYSCALL);
        return ProbeSelector.open(engine.all(), tiers, probeMode.modes(), wanted);
    }
}
