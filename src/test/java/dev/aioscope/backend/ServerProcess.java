package dev.aioscope.backend;

import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A server process on loopback. Its output goes to a file, and failures quote it. */
public final class ServerProcess implements AutoCloseable {
    private static final Duration END = Duration.ofSeconds(10);

    private final String name;
    private final ProcessBuilder command;
    private final Path log;
    private Process process;
    private Duration readyLimit = END;
    private ReadinessCheck ready = () -> true;

    private ServerProcess(String name, ProcessBuilder command, Path log) throws IOException {
        this.name = name;
        this.command = command;
        this.log = log;
        this.process = command.start();
    }

    /** Checks whether a server is ready; an {@link IOException} means: not yet. */
    @FunctionalInterface
    interface ReadinessCheck {
        boolean ready() throws IOException;
    }

    /** Starts {@code command} in {@code folder}; its output goes to {@code folder/name.log}. */
    static ServerProcess start(String name, Path folder, List<String> command) {
        return start(name, folder, Map.of(), command);
    }

    /** Starts a server with additional environment variables. */
    static ServerProcess start(String name, Path folder, Map<String, String> environment, List<String> command) {
        Path log = folder.resolve(name + ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        try {
            return new ServerProcess(name, builder, log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until {@code probe} succeeds; stops the server and fails after {@code limit}. */
    void awaitReady(Duration limit, ReadinessCheck probe) {
        readyLimit = limit;
        ready = probe;
        try {
            await(name + " to be ready", limit, probe);
        } catch (IllegalStateException e) {
            close();
            throw e;
        }
    }

    /** Waits until {@code probe} succeeds; fails after {@code limit} or when the server exits. */
    void await(String what, Duration limit, ReadinessCheck probe) {
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            while (!process.waitFor(20, TimeUnit.MILLISECONDS)) {
                if (isReady(probe) && process.isAlive()) {
                    return;
                }
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException("waited " + limit.toSeconds() + " s for " + what + "\n" + output());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + what, e);
        }
        throw new IllegalStateException(name + " exited with status " + process.exitValue() + "\n" + output());
    }

    /** Waits until the server exits with status 0; fails after {@code limit}. */
    void awaitEnd(Duration limit) throws InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS) || process.exitValue() != 0) {
            throw new IllegalStateException(name + " did not exit with status 0\n" + output());
        }
    }

    private static boolean isReady(ReadinessCheck probe) {
        try {
            return probe.ready();
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether a server listens on this loopback port. */
    static boolean listens(int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (ConnectException e) {
            return false;
        }
    }

    /** A loopback port that was free a moment ago. */
    public static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** Kills the process with SIGKILL and waits until it has exited. */
    void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Runs the same command again after the process has exited, and waits until it is ready. */
    void restart() {
        try {
            process = command.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        awaitReady(readyLimit, ready);
    }

    /** Stops the process with SIGSTOP, until {@link #resume}. */
    void pause() throws IOException {
        Commands.run("kill", "-STOP", Long.toString(pid()));
    }

    /** Continues a process that was paused. */
    void resume() throws IOException {
        Commands.run("kill", "-CONT", Long.toString(pid()));
    }

    /** The output since the latest start. */
    String output() {
        try {
            return new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "(cannot read its output: " + e + ")";
        }
    }

    /** Terminates the process, kills it after 10 s, and waits until it has exited. */
    @Override
    public void close() {
        process.destroy();
        boolean interrupted = false;
        try {
            if (!process.waitFor(END.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            interrupted = true;
            process.destroyForcibly();
        }
        process.onExit().join();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
