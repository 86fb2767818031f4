package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What a program said and how it ended.
 *
 * @param output stdout and stderr together
 * @param status of its exit
 */
record Command(String output, int status) {
    private static final int SECONDS = 240;

    private static final Path JAR = Path.of("target/aioscope.jar").toAbsolutePath();
    private static final Path ARCHIVE = Path.of("target/aioscope.jsa").toAbsolutePath();

    /** Runs it and expects success; its output is the answer. */
    static String run(String... command) throws IOException {
        Command ended = runs(command);
        assertThat(ended.status)
                .as("%s: %s", String.join(" ", command), ended.output)
                .isZero();
        return ended.output;
    }

    /** Runs it to its end. */
    static Command runs(String... command) throws IOException {
        Path output = Files.createTempFile("command", ".log");
        try {
            Process process = start(output, command);
            boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
            process.destroyForcibly();
            String text = Files.readString(output, StandardCharsets.UTF_8);
            assertThat(ended)
                    .as("%s ended: %s", String.join(" ", command), text)
                    .isTrue();
            return new Command(text, process.exitValue());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            Files.delete(output);
        }
    }

    /** Starts it with its output going to a file. */
    static Process start(Path output, String... command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile())
                .start();
    }

    /** The command line of aioscope itself, as the launcher has it. */
    static String[] aioscope(String... arguments) {
        prepare();
        return command(List.of("-XX:SharedArchiveFile=" + ARCHIVE, "-Xlog:cds*=off"), JAR.toString(), arguments);
    }

    /** The same with a folder in which its resources are looked for first. */
    static String[] aioscopeWith(Path folder, String... arguments) {
        return command(List.of(), folder + ":" + JAR, arguments);
    }

    /** Makes the archive from which it starts quickly, once for a jar. In a guest that has been done: it is slow there. */
    static void prepare() {
        try {
            if (!Files.exists(ARCHIVE)
                    || Files.getLastModifiedTime(ARCHIVE).compareTo(Files.getLastModifiedTime(JAR)) < 0) {
                run("packaging/start-up-archive");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String[] command(List<String> options, String classPath, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(options);
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath, "dev.aioscope.cli.Main"));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    /** Waits until a file has this text. */
    static void awaitText(Path file, String text) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!Files.readString(file, StandardCharsets.UTF_8).contains(text)) {
            assertThat(System.nanoTime())
                    .as("'%s' in %s", text, Files.readString(file))
                    .isLessThan(deadline);
            pause();
        }
    }

    /** Between two looks at something that is waited for. */
    static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
