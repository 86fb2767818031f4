package dev.aioscope.probe.bcc;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Resolves user addresses to names with a {@link Symbolizer}, outside the thread that reads events. Thread-safe. */
public final class UserSymbols implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(UserSymbols.class.getName());
    private static final int WAITING = 1024;

    /** Reading a large program and its debug file takes a second or two; a hung file system never answers. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Duration PATIENCE_AT_START = Duration.ofSeconds(60);

    private record Question(String line, CompletableFuture<List<String>> answer) {}

    private final BlockingQueue<Question> questions = new ArrayBlockingQueue<>(WAITING);
    private final Worker worker;
    private volatile @Nullable HelperProcess helper;
    private volatile boolean closed;

    private UserSymbols(HelperProcess helper) {
        this.helper = helper;
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

    private static HelperProcess startHelper() {
        try {
            HelperProcess started = new HelperProcess(Symbolizer.class, PATIENCE_AT_START);
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
        self.busy();
        question.answer.complete(answer(question));
    }

    /** Empty if there is no answer; then the next question starts another helper. */
    private List<String> answer(Question question) {
        try {
            HelperProcess asked = helper;
            if (asked == null) {
                asked = startHelper();
                helper = asked;
            }
            String line = asked.ask(question.line, PATIENCE);
            return line.isEmpty() ? List.of() : List.of(line.split("\t", -1));
        } catch (IOException | ProbeException e) {
            if (!closed) {
                LOG.log(Level.WARNING, "cannot resolve a user stack: {0}", e.getMessage());
            }
            end();
            return List.of();
        }
    }

    private void end() {
        HelperProcess ended = helper;
        if (ended != null) {
            ended.close();
            helper = null;
        }
    }

    /** Kills the helper; answers waiting questions with an empty list. */
    @Override
    public void close() {
        closed = true;
        worker.close();
        HelperProcess last = helper;
        if (last != null) {
            last.close();
        }
        for (Question left = questions.poll(); left != null; left = questions.poll()) {
            left.answer.complete(List.of());
        }
    }
}
