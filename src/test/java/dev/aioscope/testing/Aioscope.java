package dev.aioscope.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines that run the built aioscope. */
public final class Aioscope {
    private static final Path JAR = Path.of("target/aioscope.jar").toAbsolutePath();
    private static final Path ARCHIVE = Path.of("target/aioscope.jsa").toAbsolutePath();

    /**
     * Runs the rest of a command line with default signals. A program started by {@code nohup} or in the background of a
     * script inherits ignored signals, and Java keeps ignoring them.
     */
    public static final List<String> DEFAULT_SIGNALS = List.of("env", "--default-signal=HUP,INT,TERM");

    private Aioscope() {}

    /** The same command line as the launcher's, with the class archive. */
    public static String[] command(String... arguments) {
        prepareArchive();
        return command(List.of("-XX:SharedArchiveFile=" + ARCHIVE, "-Xlog:cds*=off"), JAR.toString(), arguments);
    }

    /** A command line that searches a folder for resources first. */
    public static String[] commandWithResources(Path folder, String... arguments) {
        return command(List.of(), folder + ":" + JAR, arguments);
    }

    /** A command line that runs the classes of this test run, with these JVM options. */
    public static String[] commandOfClasses(List<String> options, String... arguments) {
        return command(options, System.getProperty("java.class.path"), arguments);
    }

    /** Builds the class archive for fast starts unless it is up to date. Call it on the host: it is slow in guests. */
    public static synchronized void prepareArchive() {
        try {
            if (!Files.exists(ARCHIVE)
                    || Files.getLastModifiedTime(ARCHIVE).compareTo(Files.getLastModifiedTime(JAR)) < 0) {
                Commands.run("packaging/start-up-archive");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String[] command(List<String> options, String classPath, String... arguments) {
        List<String> command = new ArrayList<>(DEFAULT_SIGNALS);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(options);
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath, "dev.aioscope.cli.Main"));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }
}
