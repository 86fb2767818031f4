package dev.aioscope.backend;

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

/** A server in a process of its own, on loopback, with its output in a file that a failure quotes. */
final class Server implements AutoCloseable {
    private static final Duration END = Duration.ofSeconds(10);

    private final String name;
    private final Process process;
    private final Path log;

    private Server(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
    }

    /** Asks whether a server is ready; an {@link IOException} means: not yet. */
    @FunctionalInterface
    interface Probe {
        boolean ready() throws IOException;
    }

    /** Starts {@code command} in {@code folder}, its output going to {@code folder/name.log}. */
    static Server start(String name, Path folder, List<String> command) {
        return start(name, folder, Map.of(), command);
    }

    /** The same with more in its environment. */
    static Server start(String name, Path folder, Map<String, String> environment, List<String> command) {
        Path log = folder.resolve(name + ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        try {
            return new Server(name, builder.start(), log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns once {@code probe} says yes; ends the server and fails if it does not within {@code limit}. */
    void awaitReady(Duration limit, Probe probe) {
        try {
            await(name + " to be ready", limit, probe);
        } catch (IllegalStateException e) {
            close();
            throw e;
        }
    }

    /** Returns once {@code probe} says yes; fails if it does not within {@code limit}, or when the server ends. */
    void await(String what, Duration limit, Probe probe) {
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
        throw new IllegalStateException(name + " ended with status " + process.exitValue() + "\n" + output());
    }

    /** Returns once it has ended by itself with status 0; fails if it does not within {@code limit}. */
    void awaitEnd(Duration limit) throws InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS) || process.exitValue() != 0) {
            throw new IllegalStateException(name + " did not end well\n" + output());
        }
    }

    private static boolean isReady(Probe probe) {
        try {
            return probe.ready();
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether something listens on this loopback port. */
    static boolean listens(int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (ConnectException e) {
            return false;
        }
    }

    /** A loopback port that was free a moment ago. */
    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** What the server has written so far. */
    String output() {
        try {
            return new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "(its output cannot be read: " + e + ")";
        }
    }

    /** Ends the process: asks, then insists, and in either case waits until it is gone. */
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
