package dev.aioscope.cli;

import picocli.CommandLine.Option;

/** The option that keeps secrets in command lines where they are. */
final class HideArguments {
    @Configurable(everywhere = true)
    @Option(
            names = "--hide-arguments",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            converter = Flag.class,
            description = "Tell of each command line the program only: secrets can stand in the rest.")
    private boolean hidden;

    boolean isHidden() {
        return hidden;
    }
}
