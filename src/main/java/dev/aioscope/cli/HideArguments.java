package dev.aioscope.cli;

import picocli.CommandLine.Option;

/** The option that keeps secrets in command lines where they are. */
final class HideArguments {
    @Option(
            names = "--hide-arguments",
            description = "Tell of each command line the program only: secrets can stand in the rest.")
    private boolean hidden;

    boolean isHidden() {
        return hidden;
    }
}
