package dev.aioscope.cli.option;

import dev.aioscope.config.BooleanConverter;
import dev.aioscope.config.Configurable;
import picocli.CommandLine.Option;

/** The option that hides the arguments of processes. */
public final class HideArgumentsOption {
    @Configurable(everywhere = true)
    @Option(
            names = "--hide-arguments",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            converter = BooleanConverter.class,
            description = "Show only the executable; arguments may contain secrets.")
    private boolean hidden;

    public boolean isHidden() {
        return hidden;
    }
}
