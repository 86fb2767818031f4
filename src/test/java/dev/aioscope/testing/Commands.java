package dev.aioscope.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Runs and starts programs. */
public final class Commands {

    /** A test that fails may not have stopped what it started. */
    private static final Set<Process> STARTED = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> STARTED.forEach(Process::destroyForcibly)));
    }

    private Commands() {}

    /** Runs a program, asserts that it succeeds, and returns its output. */
    public static String run(String... command) throws IOException {
        CommandResult result = execute(command);
        assertThat(result.status())
                .as("%s: %s", String.join(" ", command), result.output())
                .isZero();
        return result.output();
    }

    /** Runs a program, whatever its exit status. */
    public static CommandResult execute(String... command) throws IOException {
        Path output = Files.createTempFile("command", ".log");
        try {
            Process process = start(output, command);
            boolean hasExited = process.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
            process.destroyForcibly();
            String text = Files.readString(output, StandardCharsets.UTF_8);
            assertThat(hasExited)
                    .as("%s exited: %s", String.join(" ", command), text)
                    .isTrue();
            return new CommandResult(text, process.exitValue());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            Files.delete(output);
        }
    }

    /** Starts a program that writes stdout and stderr to a file. */
    public static Process start(Path output, String... command) throws IOException {
        return start(output, Map.of(), command);
    }

    /** Starts a program with additional environment variables. */
    public static Process start(Path output, Map<String, String> environment, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        STARTED.removeIf(started -> !started.isAlive());
        STARTED.add(process);
        return process;
    }

    /** Waits until the output of a process contains a text; fails when the process exits without it. */
    public static void awaitText(Process process, Path output, String text) throws IOException {
        boolean[] hasExited = new boolean[1];
        String content = Await.value(
                "'" + text + "'",
                Await.LIMIT,
                () -> {
                    hasExited[0] = !process.isAlive();
                    return Files.readString(output, StandardCharsets.UTF_8);
                },
                read -> read.contains(text) || hasExited[0]);
        assertThat(content).as("output of %s", process).contains(text);
    }

    /** Sends a signal to aioscope, and asserts that it exits with the status and prints no stack trace. */
    public static void stop(Process process, String signal, int status, Path output) throws IOException {
        run("kill", "-" + signal, Long.toString(process.pid()));
        awaitExit(process);
        String text = Files.readString(output);
        assertThat(process.exitValue()).as(text).isEqualTo(status);
        assertThat(text).doesNotContain("\tat ");
    }

    /** Waits until a process has exited. */
    public static void awaitExit(Process process) {
        try {
            assertThat(process.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .as("%s exited", process)
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Skips the test on a host, or in a guest with a root, that lacks one of these programs. */
    public static void assumeInstalled(String... programs) {
        for (String program : programs) {
            assumeTrue(isInstalled(program), () -> program + " is not installed here; packaging/verify installs it");
        }
    }

    /** Whether {@code PATH} contains an executable with this name. */
    public static boolean isInstalled(String program) {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }
}
