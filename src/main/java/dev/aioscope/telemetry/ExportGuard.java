package dev.aioscope.telemetry;

import dev.aioscope.telemetry.TraceExport.Counts;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands before and behind the SDK's batch processor: lets no more spans in than may wait, those on their way to the
 * back end included, counts what becomes of each, and says it in one line, once a minute at most, if some are lost.
 */
final class ExportGuard {
    private static final Logger LOG = LoggerFactory.getLogger(TraceExport.class);
    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final int REASON_LENGTH = 200;

    private final LongSupplier nanoTime;
    private final LongAdder exported = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder dropped = new LongAdder();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Reasons reasons = new Reasons();

    private volatile @Nullable Watched watched;
    private volatile boolean closing;

    private final Object reportLock = new Object();
    private @Nullable Long reportTime;
    private long reportedLost;
    private long reportedFailed;

    /** Takes the clock of the pause between two lines, such as System::nanoTime. */
    ExportGuard(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    Counts counts() {
        return new Counts(exported.sum(), failed.sum(), dropped.sum(), waiting.get());
    }

    /** Where spans go, without a password; null if nowhere. */
    @Nullable String endpoint() {
        Watched exporter = watched;
        return exporter == null ? null : exporter.endpoint;
    }

    /** Wraps the exporter, of which there is one. */
    SpanExporter watch(SpanExporter exporter, String endpoint) {
        Watched made = new Watched(exporter, endpoint);
        watched = made;
        return made;
    }

    /** Wraps the processor that holds the queue. */
    SpanProcessor bound(SpanProcessor processor, int limit) {
        return new Bounded(processor, limit);
    }

    /** Why the last export failed, in a few words. */
    String lastReason() {
        return reasons.last;
    }

    /** Where the SDK's exporters must log: their records are the only public place that tells why an export failed. */
    Handler reasons() {
        return reasons;
    }

    /** From now on losses are only said by {@link #closed}. */
    void closing() {
        closing = true;
    }

    /** Ends the exports that are under way. */
    void cancel() {
        Watched exporter = watched;
        if (exporter != null) {
            exporter.shutdown();
        }
    }

    /** Says what was lost since the last line. */
    void closed() {
        report(true);
    }

    private void report(boolean last) {
        Watched exporter = watched;
        Counts counts = counts();
        boolean refused;
        synchronized (reportLock) {
            long now = nanoTime.getAsLong();
            boolean tooSoon = reportTime != null && now - reportTime < QUIET_NANOS;
            if (exporter == null || counts.lost() == reportedLost || (tooSoon && !last)) {
                return;
            }
            reportTime = now;
            refused = counts.failed() > reportedFailed;
            reportedLost = counts.lost();
            reportedFailed = counts.failed();
        }
        LOG.warn(
                "Spans do not reach {}: {}. Lost so far: {}{}.",
                exporter.endpoint,
                refused ? reasons.last : "it takes them too slowly",
                counts.lost(),
                counts.dropped() == 0 ? "" : ", of them " + counts.dropped() + " for want of room in the queue");
    }

    /** Keeps what waits within a limit, so that the SDK's queue is never full. */
    private final class Bounded implements SpanProcessor {
        private final SpanProcessor delegate;
        private final int limit;

        Bounded(SpanProcessor delegate, int limit) {
            this.delegate = delegate;
            this.limit = limit;
        }

        @Override
        public void onStart(Context parent, ReadWriteSpan span) {
            delegate.onStart(parent, span);
        }

        @Override
        public boolean isStartRequired() {
            return delegate.isStartRequired();
        }

        @Override
        public void onEnd(ReadableSpan span) {
            if (!span.getSpanContext().isSampled()) {
                return;
            }
            if (!closing && reserve()) {
                delegate.onEnd(span);
            } else {
                dropped.increment();
            }
        }

        private boolean reserve() {
            if (waiting.incrementAndGet() <= limit) {
                return true;
            }
            waiting.decrementAndGet();
            return false;
        }

        @Override
        public boolean isEndRequired() {
            return true;
        }

        @Override
        public CompletableResultCode shutdown() {
            return delegate.shutdown();
        }

        @Override
        public CompletableResultCode forceFlush() {
            return delegate.forceFlush();
        }
    }

    private final class Watched implements SpanExporter {
        private final SpanExporter delegate;
        private final String endpoint;
        private final AtomicBoolean shut = new AtomicBoolean();

        Watched(SpanExporter delegate, String endpoint) {
            this.delegate = delegate;
            this.endpoint = withoutPassword(endpoint);
        }

        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            // The processor empties the collection when it has waited long enough.
            int count = spans.size();
            CompletableResultCode result;
            try {
                result = delegate.export(spans);
            } catch (RuntimeException e) {
                reasons.keep(e);
                result = CompletableResultCode.ofExceptionalFailure(e);
            }
            CompletableResultCode answer = result;
            return result.whenComplete(() -> done(count, answer.isSuccess()));
        }

        private void done(int count, boolean success) {
            (success ? exported : failed).add(count);
            waiting.addAndGet(-count);
            if (!closing) {
                report(false);
            }
        }

        @Override
        public CompletableResultCode flush() {
            return delegate.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return shut.getAndSet(true) ? CompletableResultCode.ofSuccess() : delegate.shutdown();
        }
    }

    static String withoutPassword(String endpoint) {
        return endpoint.replaceFirst("//[^/@]*@", "//");
    }

    /** Remembers why the last export failed, in a few words. */
    private static final class Reasons extends Handler {
        private volatile String last = "no answer in time";

        Reasons() {
            setLevel(Level.WARNING);
        }

        @Override
        public void publish(LogRecord logged) {
            if (!isLoggable(logged)) {
                return;
            }
            Throwable thrown = logged.getThrown();
            if (thrown != null) {
                keep(thrown);
            } else {
                keep(String.valueOf(logged.getMessage())
                        .replaceFirst("^Failed to export .*?(?:spans|metrics)\\. ", ""));
            }
        }

        void keep(Throwable thrown) {
            String message = thrown.getMessage();
            keep(thrown.getClass().getSimpleName() + (message == null ? "" : ": " + message));
        }

        private void keep(String text) {
            String reason = text.replaceAll("\\s+", " ").replaceFirst("[ .]+$", "");
            // This is how okhttp says that we gave up.
            if (!reason.equals("IOException: Canceled")) {
                last = reason.length() > REASON_LENGTH ? reason.substring(0, REASON_LENGTH) + "…" : reason;
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
