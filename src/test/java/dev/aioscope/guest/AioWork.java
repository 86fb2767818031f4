package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process of {@code aiowork}: it creates a situation and prints the facts, which tests compare with aioscope's
 * reports.
 */
public final class AioWork implements AutoCloseable {
    /** {@link LabIT} compiles it on the host. In a guest with another architecture, it is the program for that. */
    static final Path PROGRAM =
            Path.of(System.getProperty("aiowork", "target/aiowork")).toAbsolutePath();

    private static final Path SOURCE = Path.of("src/test/c/aiowork.c");
    /** Options for stacks with all functions. */
    private static final String[] COMPLETE_STACKS = {
        "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-inline"
    };

    private final Process process;
    private final BufferedReader output;
    private final List<String> facts = new ArrayList<>();

    private AioWork(Process process) {
        this.process = process;
        this.output = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts a situation; with {@code --wait} it pauses before its last step. */
    public static AioWork start(String... arguments) throws IOException {
        return startThrough(List.of(), arguments);
    }

    /** Starts a situation through a command that executes it with other privileges. */
    static AioWork startThrough(List<String> launcher, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(launcher);
        command.add(PROGRAM.toString());
        command.addAll(List.of(arguments));
        return new AioWork(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** Compiles the program unless it is newer than its source: guests have no compiler and use the host's result. */
    public static synchronized void compile() throws Exception {
        if (Files.exists(PROGRAM)
                && Files.getLastModifiedTime(PROGRAM).compareTo(Files.getLastModifiedTime(SOURCE)) > 0) {
            return;
        }
        compile("cc", PROGRAM, COMPLETE_STACKS);
    }

    /** Compiles it for a container, which has no libraries. */
    static void compileStatic(Path program) throws Exception {
        compile("cc", program, "-static");
    }

    /** Compiles it for a guest with arm64. */
    static void compileForArm64(Path program) throws Exception {
        Files.createDirectories(program.getParent());
        compile("aarch64-linux-gnu-gcc", program, COMPLETE_STACKS);
    }

    private static void compile(String compiler, Path program, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(compiler, "-Wall", "-Wextra", "-Werror", "-O2", "-pthread"));
        command.addAll(List.of(options));
        command.addAll(List.of("-o", program.toString(), SOURCE.toString()));
        Process cc = new ProcessBuilder(command).inheritIO().start();
        assertThat(cc.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(cc.exitValue()).as("the compiler").isZero();
    }

    /** Runs a situation to its end. */
    static AioWork run(String... arguments) throws IOException {
        try (AioWork work = start(arguments)) {
            work.finish();
            return work;
        }
    }

    /** Reads the output up to the line of this name. */
    public void await(String name) throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            facts.add(line);
            if (line.startsWith(name + " ")) {
                return;
            }
        }
        throw new IOException("aiowork exited without printing " + name + ": " + facts);
    }

    /** Continues with the next step. */
    public void proceed() throws IOException {
        process.outputWriter(StandardCharsets.UTF_8).append('\n').flush();
    }

    /** Reads the rest of the output and waits for a successful exit. */
    public void finish() throws IOException {
        output.lines().forEach(facts::add);
        awaitExit();
        assertThat(process.exitValue()).as("aiowork: %s", facts).isZero();
    }

    /** Sends SIGKILL and waits for the exit. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Sends SIGKILL without waiting for the exit. */
    void killWithoutWaiting() {
        process.destroyForcibly();
    }

    private void awaitExit() {
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS))
                    .as("aiowork exited")
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public int pid() {
        return (int) process.pid();
    }

    /** All values of a name in output order. */
    List<Long> values(String name) {
        return facts.stream()
                .filter(line -> line.startsWith(name + " "))
                .map(line -> Long.parseUnsignedLong(line.substring(name.length() + 1)))
                .toList();
    }

    /** The only value of a name. */
    long value(String name) {
        assertThat(values(name)).as("%s in %s", name, facts).hasSize(1);
        return values(name).get(0);
    }

    @Override
    public void close() {
        kill();
    }
}
