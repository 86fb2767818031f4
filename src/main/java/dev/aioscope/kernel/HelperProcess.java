package dev.aioscope.kernel;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * Another JVM that does what must not be done in this one, because it can hang or needs much memory. It greets with a
 * line, and answers each line with a line. Not thread-safe.
 */
public final class HelperProcess implements AutoCloseable {
    private final Process process;
    private final Writer in;
    private final BufferedReader out;
    private final BlockingQueue<Optional<String>> lines = new ArrayBlockingQueue<>(1);
    private final String greeting;

    /**
     * Starts it.
     *
     * @param main what it runs: a class that ends with {@link #serve}
     * @param patience how long its greeting may take
     * @throws IOException if it does not greet
     */
    public HelperProcess(Class<?> main, Duration patience) throws IOException {
        process = new ProcessBuilder(Java.command(main, 64))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        in = process.outputWriter(StandardCharsets.UTF_8);
        out = process.inputReader(StandardCharsets.UTF_8);
        Thread listener = new Thread(this::listen, "aioscope-helper");
        listener.setDaemon(true);
        listener.start();
        greeting = line(patience);
    }

    /** The first line that it said. */
    public String greeting() {
        return greeting;
    }

    /**
     * Asks it, and waits.
     *
     * @param question one line
     * @param patience after this time it is killed, and left behind if that does not end it
     * @throws IOException if it has ended, or does not answer in time; it can only be closed then
     */
    public String ask(String question, Duration patience) throws IOException {
        in.write(question + "\n");
        in.flush();
        return line(patience);
    }

    /** Whether it is still there; one that hangs in the kernel is, even when it was killed. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Reads what it says on a thread of its own: one that hangs in the kernel keeps its output open even when killed. */
    private void listen() {
        try {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.put(Optional.of(line));
            }
        } catch (IOException | InterruptedException e) {
            Thread.currentThread().interrupt(); // no more lines, as at the end
        }
        lines.offer(Optional.empty());
    }

    /** The next line. */
    private String line(Duration patience) throws IOException {
        try {
            Optional<String> line = lines.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
            if (line == null) {
                close();
                throw new IOException("it did not answer within " + patience.toSeconds() + " s");
            }
            return line.orElseThrow(() -> new IOException("it has ended"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("nobody waits for its answer any more", e);
        }
    }

    /** Ends it. */
    @Override
    public void close() {
        process.destroyForcibly();
    }

    /**
     * The helper's own part: greets, and answers until nobody asks any more.
     *
     * @param greeting the first line
     * @param answer makes an answer of a question, both of one line
     */
    public static void serve(String greeting, UnaryOperator<String> answer) throws InterruptedException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.println(greeting);
        BlockingQueue<String> questions = new ArrayBlockingQueue<>(1);
        Thread reader = new Thread(() -> read(questions), "reader");
        reader.setDaemon(true);
        reader.start();
        while (true) {
            out.println(answer.apply(questions.take()));
        }
    }

    /** Ends this process with the one that asks, even while an answer takes its time. */
    private static void read(BlockingQueue<String> questions) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                questions.put(line);
            }
        } catch (IOException | InterruptedException e) {
            System.err.println("no more questions: " + e);
        }
        Runtime.getRuntime().halt(0);
    }
}
