package dev.aioscope.cli.option;

import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The directory that a workload writes to. */
public final class DirectoryOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            defaultValue = "${sys:java.io.tmpdir}",
            description = "Write the workload's 32 MiB file here (default: ${DEFAULT-VALUE}).")
    private Path directory = Path.of("/tmp");

    /**
     * The directory.
     *
     * @throws ParameterException if it is not a writable directory
     */
    public Path writable() {
        if (!Files.isDirectory(directory) || !Files.isWritable(directory)) {
            throw new ParameterException(
                    spec.commandLine(), "cannot write to --directory " + directory + ": not a writable directory");
        }
        return directory;
    }
}
