package dev.aioscope.cli.option;

import picocli.CommandLine.Option;

/** The option that keeps secrets in command lines where they are. */
public final class HideArgumentsOption {
    @Configurable(everywhere = true)
    @Option(
            names = "--hide-arguments",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            converter = BooleanConverter.class,
            description = "Tell of each command line the program only: secrets can stand in the rest.")
    private boolean hidden;

    public boolean isHidden() {
        return hidden;
    }
}
