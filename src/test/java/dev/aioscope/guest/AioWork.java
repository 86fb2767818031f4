package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A run of {@code aiowork}, which makes a situation and tells the truth about it. */
public final class AioWork implements AutoCloseable {
    /** Compiled on the host by {@link LabIT}. */
    static final Path PROGRAM = Path.of("target/aiowork").toAbsolutePath();

    private final Process process;
    private final BufferedReader output;
    private final List<String> truth = new ArrayList<>();

    private AioWork(Process process) {
        this.process = process;
        this.output = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts it; {@code --wait} among the arguments makes it stop before its last step. */
    public static AioWork start(String... arguments) throws IOException {
        return startBy(List.of(), arguments);
    }

    /** Starts it by a command that becomes it, with other privileges. */
    static AioWork startBy(List<String> becoming, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(becoming);
        command.add(PROGRAM.toString());
        command.addAll(List.of(arguments));
        return new AioWork(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** Makes the program; guests have no compiler. */
    public static void compile() throws Exception {
        Process cc = new ProcessBuilder(
                        "cc",
                        "-Wall",
                        "-Wextra",
                        "-Werror",
                        "-O2",
                        // So that its stacks can be walked, with all functions on them.
                        "-fno-omit-frame-pointer",
                        "-fno-optimize-sibling-calls",
                        "-fno-inline",
                        "-pthread",
                        "-o",
                        PROGRAM.toString(),
                        "src/test/c/aiowork.c")
                .inheritIO()
                .start();
        assertThat(cc.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(cc.exitValue()).as("the compiler").isZero();
    }

    /** Runs it to its end. */
    static AioWork run(String... arguments) throws IOException {
        try (AioWork work = start(arguments)) {
            work.finish();
            return work;
        }
    }

    /** Reads what it tells up to this name. */
    public void await(String name) throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            truth.add(line);
            if (line.startsWith(name + " ")) {
                return;
            }
        }
        throw new IOException("aiowork ended without telling " + name + ": " + truth);
    }

    /** Lets it take its last step. */
    public void goOn() throws IOException {
        process.outputWriter(StandardCharsets.UTF_8).append('\n').flush();
    }

    /** Reads what else it tells and waits for its end. */
    public void finish() throws IOException {
        output.lines().forEach(truth::add);
        awaitEnd();
        assertThat(process.exitValue()).as("aiowork: %s", truth).isZero();
    }

    /** SIGKILL. */
    public void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** SIGKILL, without waiting for the end. */
    void signalKill() {
        process.destroyForcibly();
    }

    private void awaitEnd() {
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS))
                    .as("aiowork ended")
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public int pid() {
        return (int) process.pid();
    }

    /** All values of this name, in their order. */
    List<Long> all(String name) {
        return truth.stream()
                .filter(line -> line.startsWith(name + " "))
                .map(line -> Long.parseUnsignedLong(line.substring(name.length() + 1)))
                .toList();
    }

    /** The only value of this name. */
    long the(String name) {
        assertThat(all(name)).as("%s in %s", name, truth).hasSize(1);
        return all(name).get(0);
    }

    @Override
    public void close() {
        kill();
    }
}
