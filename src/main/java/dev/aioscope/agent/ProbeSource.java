package dev.aioscope.agent;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.proc.BlockDevice;
import java.util.Optional;
import java.util.function.Function;

/** Where events come from: this host or a recording. */
public interface ProbeSource {
    /** The host that the events are from. */
    HostInfo host();

    /** That host's clocks. */
    WallClock clock();

    /** Whether the events come from a recording. */
    boolean isRecording();

    /** Keeps the end of a recording readable until the command stops. */
    void linger();

    /**
     * Identities of that host's processes.
     *
     * @param hidesArguments whether to keep only the program of each command line
     * @param capacity number of processes of this host to keep; a recording brings all its own
     */
    Processes processes(boolean hidesArguments, int capacity);

    /** Finds a block device of that host by its {@code major:minor}; empty for those of a recording. */
    Function<String, Optional<BlockDevice>> devices();

    /**
     * Attaches the probes, or starts to replay.
     *
     * @param allowSyscall whether the tier {@code syscall} is acceptable without an explicit request
     * @throws dev.aioscope.probe.ProbeException if this host does not support what was asked
     */
    SelectedProbes open(boolean allowSyscall, ProbeSettings settings);
}
