package dev.aioscope.cli.option;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.StackSymbolizer;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bpf.ProbeSettings;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say how to look at the kernel, for commands that can tell where programs make their calls. */
public final class StackOptions {
    @Mixin
    private ProbeOptions probes;

    @Configurable
    @Option(
            names = "--stacks",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            converter = BooleanConverter.class,
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
    public @Nullable StackSymbolizer stackNames() {
        // Of a recording the processes are gone.
        return stacks && !probes.isRecording() ? StackSymbolizer.start() : null;
    }

    /** Whether stacks are wanted. */
    public boolean isOn() {
        return stacks;
    }

    /** How the host is looked at. */
    public ProbeOptions probes() {
        return probes;
    }

    /** Why no stack will ever come, if that is so although stacks are wanted. */
    public Optional<String> withoutStacks(SelectedProbes opened) {
        return stacks ? StackSymbolizer.unavailable(opened.probes().tier()) : Optional.empty();
    }

    /** The same listener, with names for the stacks that it is told, if they are wanted. */
    public static LifecycleListener named(@Nullable StackSymbolizer names, LifecycleListener listener) {
        return names == null ? listener : names.before(listener);
    }

    /**
     * Attaches the probes.
     *
     * @param allowSyscall whether the tier {@code syscall} may be taken without being asked for
     * @throws ProbeException if this host does not give what was asked
     */
    public SelectedProbes open(boolean allowSyscall) {
        return open(allowSyscall, ProbeSettings.RING_BYTES, ProbeSettings.IN_PROGRESS);
    }

    /** The same, with as much room as the caller wants: see {@link ProbeSettings}. */
    public SelectedProbes open(boolean allowSyscall, int ringBytes, int inProgress) {
        return probes.open(allowSyscall, new ProbeSettings(stacks, false, ringBytes, inProgress));
    }
}
