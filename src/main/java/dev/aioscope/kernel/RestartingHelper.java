package dev.aioscope.kernel;

import dev.aioscope.kernel.HelperProcess.EndedException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A helper process that starts with the first question, and again after it has exited or hung. After two failures in a row
 * it fails at once for a pause that grows from 1 s to 1 min, and then tries again. One thread asks; any thread may call
 * the other methods.
 */
public final class RestartingHelper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RestartingHelper.class);
    private static final long FIRST_PAUSE = TimeUnit.SECONDS.toNanos(1);
    private static final long LONGEST_PAUSE = TimeUnit.MINUTES.toNanos(1);
    private static final long LOG_INTERVAL = TimeUnit.MINUTES.toNanos(1);

    private final String purpose;
    private final Starter starter;
    private final Duration patience;
    private final LongSupplier nanoTime;
    private final AtomicLong failures = new AtomicLong();
    private volatile @Nullable HelperProcess helper;
    private volatile @Nullable String fault;
    private volatile boolean isClosed;
    private int failuresInRow;
    private long nextStart;
    private @Nullable Long lastLogged;

    /** There is no helper process, whatever the question. */
    public static final class UnavailableException extends IOException {
        private static final long serialVersionUID = 1;

        UnavailableException(String reason, @Nullable IOException cause) {
            super(reason, cause);
        }
    }

    /** Starts a helper process. */
    @FunctionalInterface
    public interface Starter {
        /** Waits for its greeting, for a limited time. */
        HelperProcess start() throws IOException;
    }

    /**
     * A helper that has not started.
     *
     * @param purpose what fails without it, such as {@code identify processes}
     * @param patience the longest wait for an answer
     * @param nanoTime a monotonic clock, ns
     */
    public RestartingHelper(String purpose, Starter starter, Duration patience, LongSupplier nanoTime) {
        this.purpose = purpose;
        this.starter = starter;
        this.patience = patience;
        this.nanoTime = nanoTime;
    }

    /** Starts it before the first question. A failure is counted and logged. */
    public void start() {
        try {
            open();
        } catch (IOException e) {
            fail(e);
        }
    }

    /**
     * Sends a question and waits for the answer.
     *
     * @throws UnavailableException if it does not start, or immediately in a pause
     * @throws IOException if it does not answer this question
     */
    public String ask(String question) throws IOException {
        if (failuresInRow > 1 && nanoTime.getAsLong() - nextStart < 0) {
            throw new UnavailableException(String.valueOf(fault), null);
        }
        try {
            String answer = askTwice(question);
            failuresInRow = 0;
            fault = null;
            return answer;
        } catch (IOException e) {
            discard();
            fail(e);
            throw e;
        }
    }

    /** Ends the helper until the next question. */
    public void rest() {
        discard();
    }

    private String askTwice(String question) throws IOException {
        try {
            return open().ask(question, patience);
        } catch (EndedException e) {
            // Others can kill it: another one can answer.
            discard();
            return open().ask(question, patience);
        }
    }

    private HelperProcess open() throws IOException {
        HelperProcess opened = helper;
        if (opened == null) {
            if (isClosed) {
                throw new UnavailableException("closed", null);
            }
            opened = startOne();
            helper = opened;
            if (isClosed) {
                opened.close(); // Closed meanwhile.
            }
        }
        return opened;
    }

    private HelperProcess startOne() throws UnavailableException {
        try {
            return starter.start();
        } catch (IOException e) {
            throw new UnavailableException("cannot start the helper process: " + e.getMessage(), e);
        }
    }

    private void discard() {
        HelperProcess last = helper;
        helper = null;
        if (last != null) {
            last.close();
        }
    }

    private void fail(IOException failure) {
        if (isClosed || Thread.currentThread().isInterrupted()) {
            return;
        }
        long now = nanoTime.getAsLong();
        failures.incrementAndGet();
        failuresInRow++;
        fault = "cannot " + purpose + ": " + failure.getMessage();
        nextStart = now + Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(10, Math.max(0, failuresInRow - 2)));
        if (lastLogged == null || now - lastLogged >= LOG_INTERVAL) {
            lastLogged = now;
            LOG.warn("{}; failures so far: {}", fault, failures);
        }
    }

    /** How often it did not start or did not answer. */
    public long failures() {
        return failures.get();
    }

    /** Why the latest question has no answer; empty if it has one. */
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    /** Kills the helper, even while it answers. */
    @Override
    public void close() {
        isClosed = true;
        HelperProcess last = helper;
        if (last != null) {
            last.close();
        }
    }
}
