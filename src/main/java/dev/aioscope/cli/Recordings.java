package dev.aioscope.cli;

import dev.aioscope.recording.Recording;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Opens the recording that a command line names. */
final class Recordings {
    /** Precedes each loss. */
    static final String INCOMPLETE = "The recording is incomplete: ";

    private Recordings() {}

    static Recording open(CommandSpec spec, Path file) {
        try {
            return Recording.open(file);
        } catch (NoSuchFileException e) {
            throw new ParameterException(spec.commandLine(), "cannot read " + file + ": no such file", e);
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
