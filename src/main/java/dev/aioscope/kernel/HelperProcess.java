package dev.aioscope.kernel;

import dev.aioscope.worker.Worker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A separate process for work that can hang or needs much memory. It prints a greeting line, and answers each line with
 * a line. Not thread-safe.
 */
public final class HelperProcess implements AutoCloseable {
    /** The helper process exited: a new one can answer the same question. */
    public static final class EndedException extends IOException {
        private static final long serialVersionUID = 1;

        EndedException() {
            super("the helper process exited");
        }
    }

    /** A process that hangs in the kernel survives a kill; a JVM keeps some 60 MB. */
    static final int MAX_HUNG = 8;

    /** Killed processes that have not exited. */
    static final Set<ProcessHandle> HUNG = ConcurrentHashMap.newKeySet();

    private final Process process;

    private final Writer in;
    private final BufferedReader out;
    private final BlockingQueue<Optional<String>> lines = new ArrayBlockingQueue<>(1);
    private final String greeting;

    /**
     * Starts the process and waits for its greeting.
     *
     * @param command the program and its arguments; {@link #command} for a class
     * @param patience the longest wait for the greeting, as in {@link ChildPatience}
     * @throws IOException if there is no greeting, or too many earlier helper processes hang
     */
    public HelperProcess(List<String> command, Duration patience) throws IOException {
        HUNG.removeIf(killed -> !killed.isAlive());
        if (HUNG.size() >= MAX_HUNG) {
            throw new IOException(HUNG.size() + " helper processes hang and cannot be killed");
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        // In other locales, Java cannot decode all file names.
        builder.environment().put("LC_ALL", "C.UTF-8");
        process = builder.start();
        in = process.outputWriter(StandardCharsets.UTF_8);
        out = process.inputReader(StandardCharsets.UTF_8);
        Worker.startOnce("helper", self -> listen());
        greeting = line(patience);
    }

    /**
     * Starts the process, and once more if it exits before its greeting: a signal to the process group can end it. If that
     * signal ends the agent too, nothing has failed.
     *
     * @param command as in the constructor
     * @param patience as in the constructor
     */
    public static HelperProcess start(List<String> command, Duration patience) throws IOException {
        try {
            return new HelperProcess(command, patience);
        } catch (EndedException e) {
            return new HelperProcess(command, patience);
        }
    }

    /** The command that runs a class in a separate JVM; its main method ends with {@link #serve}. */
    public static List<String> command(Class<?> main) {
        return JavaCommand.command(main, 64);
    }

    /** Its first line. */
    public String greeting() {
        return greeting;
    }

    /**
     * Sends a question and waits for the answer.
     *
     * @param question one line
     * @param patience the longest wait, as in {@link ChildPatience}; after it this kills the process, which a hung one
     *     survives
     * @throws EndedException if the process exited
     * @throws IOException if it does not answer in time; after any error only {@link #close} is valid
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

    /** Whether the process exists; one that hangs in the kernel exists even after a kill. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Runs on its own thread: a process that hangs in the kernel keeps its output open even after a kill. */
    private void listen() {
        try {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.put(Optional.of(line));
            }
        } catch (IOException | InterruptedException e) {
            Thread.currentThread().interrupt(); // no more lines, as at the end
        } finally {
            lines.offer(Optional.empty());
        }
    }

    /** The next line. */
    private String line(Duration patience) throws IOException {
        try {
            Optional<String> line =
                    ChildPatience.await(process.pid(), patience, nanos -> lines.poll(nanos, TimeUnit.NANOSECONDS));
            if (line == null) {
                close();
                throw new IOException("no answer within " + patience.toSeconds() + " s");
            }
            return line.orElseThrow(EndedException::new);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Kills the process and its children. */
    @Override
    public void close() {
        List<ProcessHandle> all = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        all.stream().filter(ProcessHandle::isAlive).forEach(HUNG::add);
    }

    /**
     * Runs in the helper process: greets, and answers questions until standard input ends. Never returns.
     *
     * @param greeting the first line
     * @param answer computes the answer to a question, one line each
     */
    public static void serve(String greeting, UnaryOperator<String> answer) throws InterruptedException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.println(greeting);
        BlockingQueue<String> questions = new ArrayBlockingQueue<>(1);
        Worker.startOnce("questions", self -> read(questions));
        while (true) {
            out.println(answer.apply(questions.take()));
        }
    }

    /** Exits with the process that asks, even while an answer is in progress. */
    private static void read(BlockingQueue<String> questions) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                questions.put(line);
            }
        } catch (IOException | InterruptedException e) {
            System.err.println("cannot read questions: " + e);
        }
        Runtime.getRuntime().halt(0);
    }
}
