package dev.aioscope.cli.option;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.StackSymbolizer;
import dev.aioscope.config.BooleanConverter;
import dev.aioscope.config.Configurable;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bpf.ProbeSettings;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The probe options, and the option that records user stacks. */
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
                "Record user stacks (requires libbcc).",
                "Shows where programs call io_setup and io_destroy. Stacks contain only frames with frame pointers. Only"
                        + " these two calls become slower. A helper process of about 100 MB resolves the symbols."
            })
    private boolean stacks;

    /**
     * Starts the symbolizer; null if stacks are not requested.
     *
     * @throws ProbeException if this host does not support it
     */
    public @Nullable StackSymbolizer stackNames() {
        // The processes of a recording no longer exist.
        return stacks && !probes.isRecording() ? StackSymbolizer.start() : null;
    }

    /** Whether stacks are requested. */
    public boolean isOn() {
        return stacks;
    }

    /** The probe options. */
    public ProbeOptions probes() {
        return probes;
    }

    /** Why no stack can be recorded although stacks are requested; empty if they can. */
    public Optional<String> withoutStacks(SelectedProbes opened) {
        return stacks ? StackSymbolizer.unavailable(opened.probes().tier()) : Optional.empty();
    }

    /** Adds symbols to the stacks that this listener receives, if there is a symbolizer. */
    public static LifecycleListener named(@Nullable StackSymbolizer names, LifecycleListener listener) {
        return names == null ? listener : names.before(listener);
    }

    /**
     * Attaches the probes.
     *
     * @param allowSyscall whether {@code auto} includes the tier {@code syscall}
     * @param hideArguments whether to read no arguments of processes
     * @throws ProbeException if no requested tier is available
     */
    public SelectedProbes open(boolean allowSyscall, boolean hideArguments) {
        return probes.open(allowSyscall, new ProbeSettings(stacks, false).withHiddenArguments(hideArguments));
    }
}
