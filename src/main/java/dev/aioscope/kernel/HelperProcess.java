package dev.aioscope.kernel;

import dev.aioscope.worker.Worker;
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
    /** It has ended, by itself or by somebody else: another one can be asked the same. */
    public static final class EndedException extends IOException {
        private static final long serialVersionUID = 1;

        EndedException() {
            super("it has ended");
        }
    }

    private final Process process;
    private static final Duration FOR_EVER = Duration.ofDays(100_000);

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
        process = new ProcessBuilder(JavaCommand.command(main, 64))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        in = process.outputWriter(StandardCharsets.UTF_8);
        out = process.inputReader(StandardCharsets.UTF_8);
        Worker.startOnce("helper", self -> listen());
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
     * @throws EndedException if it has ended
     * @throws IOException if it does not answer in time; it can only be closed then, and so it can after the other one
     */
    public String ask(String question, Duration patience) throws IOException {
        try {
            in.write(question + "\n");
            in.flush();
        } catch (IOException e) {
            throw (IOException) new EndedException().initCause(e);
        }
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
            return line.orElseThrow(EndedException::new);
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
     * @param reason makes an answer of a question, both of one line
     */
    public static void serve(String greeting, UnaryOperator<String> answer) throws InterruptedException {
        serve(greeting, answer, FOR_EVER);
    }

    /** The same, and ends when it was not asked anything for some time. */
    public static void serve(String greeting, UnaryOperator<String> answer, Duration idle) throws InterruptedException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.println(greeting);
        BlockingQueue<String> questions = new ArrayBlockingQueue<>(1);
        Worker.startOnce("questions", self -> read(questions));
        String question = questions.poll(idle.toNanos(), TimeUnit.NANOSECONDS);
        while (question != null) {
            out.println(answer.apply(question));
            question = questions.poll(idle.toNanos(), TimeUnit.NANOSECONDS);
        }
        // Who asks just now is told by the end of the output.
        Runtime.getRuntime().halt(0);
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
