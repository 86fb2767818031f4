package dev.aioscope.kernel;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Builds commands that run classes of aioscope in this JVM's installation: small and quick to start. */
public final class JavaCommand {
    private static final String JAR = ".jar";
    /** The class data archive from packaging/start-up-archive, beside the jar. */
    private static final String ARCHIVE = ".jsa";

    private JavaCommand() {}

    /**
     * The command line that runs a class of aioscope.
     *
     * @param main a class with a main method
     * @param megabytes the maximum heap, MiB
     * @param arguments for the class
     */
    public static List<String> command(Class<?> main, int megabytes, String... arguments) {
        String classPath = System.getProperty("java.class.path");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:ArchiveRelocationMode=0",
                "-Xshare:auto",
                "-Xmx" + megabytes + "m"));
        if (classPath.endsWith(JAR)) {
            Path archive = Path.of(classPath.substring(0, classPath.length() - JAR.length()) + ARCHIVE);
            if (Files.exists(archive)) {
                command.addAll(List.of("-XX:SharedArchiveFile=" + archive, "-Xlog:cds*=off"));
            }
        }
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath, main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }
}
