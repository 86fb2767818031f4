package dev.aioscope.probe.bcc;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.RestartingHelper;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.worker.Patience;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Resolves user addresses to names with a {@link Symbolizer}, outside the thread that reads events. Thread-safe. */
public final class UserSymbols implements AutoCloseable {
    private static final int WAITING = 1024;

    /** Reading a large program and its debug file takes a second or two; a hung file system never answers. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** A little longer than the worker waits. */
    private static final Duration CALLER_PATIENCE = Duration.ofSeconds(12);

    private static final Duration PATIENCE_AT_START = Duration.ofSeconds(20);

    private record Question(String line, CompletableFuture<List<String>> answer) {}

    private final BlockingQueue<Question> questions = new ArrayBlockingQueue<>(WAITING);
    private final Worker worker;
    private final Patience<List<String>> patience = new Patience<>(CALLER_PATIENCE, List.of());
    private final RestartingHelper helper;
    private volatile boolean closed;

    private UserSymbols(HelperProcess first) {
        AtomicReference<@Nullable HelperProcess> started = new AtomicReference<>(first);
        helper = new RestartingHelper(
                "resolve user stacks",
                () -> {
                    HelperProcess ready = started.getAndSet(null);
                    return ready == null ? restartHelper() : ready;
                },
                PATIENCE,
                System::nanoTime);
        helper.start();
        worker = Worker.startBlocking("symbols", this::serve);
    }

    /**
     * Starts the helper process.
     *
     * @throws ProbeException if libbcc is not installed
     */
    public static UserSymbols start() {
        return new UserSymbols(startHelper());
    }

    /**
     * Resolves addresses asynchronously.
     *
     * @return the frames in the order of the addresses; an empty list if the process is unknown, or the queue is full
     */
    public CompletableFuture<List<String>> resolve(int pid, long[] addresses) {
        String line = pid
                + LongStream.of(addresses)
                        .mapToObj(address -> " " + Long.toHexString(address))
                        .collect(Collectors.joining());
        CompletableFuture<List<String>> answer = new CompletableFuture<>();
        if (closed || !questions.offer(new Question(line, answer))) {
            answer.complete(List.of());
        }
        return answer;
    }

    /** The frames, or an empty list if they are late. */
    public List<String> await(CompletableFuture<List<String>> frames) {
        return patience.await(frames);
    }

    private static HelperProcess restartHelper() throws IOException {
        try {
            return startHelper();
        } catch (ProbeException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static HelperProcess startHelper() {
        try {
            HelperProcess started = HelperProcess.start(HelperProcess.command(Symbolizer.class), PATIENCE_AT_START);
            if (!started.greeting().equals("ready")) {
                started.close();
                List<String> error = List.of(started.greeting().split("\t", -1));
                throw error.size() == 3
                        ? new ProbeException("cannot resolve user stacks: " + error.get(1), error.get(2))
                        : new ProbeException(
                                "cannot resolve user stacks: cannot start the helper process: " + started.greeting(),
                                "omit --stacks");
            }
            return started;
        } catch (IOException e) {
            throw new ProbeException(
                    "cannot resolve user stacks: cannot start the helper process: " + e.getMessage(), "omit --stacks");
        }
    }

    private void serve(Worker self) throws InterruptedException {
        self.idle();
        Question question = questions.take();
        try {
            self.busy();
            question.answer.complete(answer(question));
        } finally {
            question.answer.complete(List.of()); // no effect after an answer
        }
    }

    /** Empty if there is no answer, which the helper logs. */
    private List<String> answer(Question question) {
        boolean hasAnswered = false;
        try {
            String line = helper.ask(question.line);
            hasAnswered = true;
            return line.isEmpty() ? List.of() : List.of(line.split("\t", -1));
        } catch (IOException e) {
            return List.of();
        } finally {
            patience.report(hasAnswered);
        }
    }

    /** Kills the helper; answers waiting questions with an empty list. */
    @Override
    public void close() {
        closed = true;
        worker.close();
        helper.close();
        for (Question left = questions.poll(); left != null; left = questions.poll()) {
            left.answer.complete(List.of());
        }
    }
}
