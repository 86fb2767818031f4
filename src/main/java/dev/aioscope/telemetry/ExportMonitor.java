package dev.aioscope.telemetry;

import dev.aioscope.worker.ErrorBoundary;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.internal.FailedExportException.GrpcExportException;
import io.opentelemetry.exporter.internal.FailedExportException.HttpExportException;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.GrpcResponse;
import io.opentelemetry.sdk.common.export.HttpResponse;
import io.opentelemetry.sdk.logs.LogRecordProcessor;
import io.opentelemetry.sdk.logs.ReadWriteLogRecord;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches one exporter of the SDK: counts the outcome of each item, limits the queue of spans or log records, and logs
 * losses at most once a minute. An item is a span, a log record, or a push of all metrics. Thread-safe.
 */
final class ExportMonitor {
    private static final Logger LOG = LoggerFactory.getLogger(TraceExport.class);
    private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final int REASON_LENGTH = 200;
    private static final ErrorBoundary BOUNDARY = ErrorBoundary.of("export");

    private final String items;
    private final LongSupplier nanoTime;
    private final LongAdder exported = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder droppedOthers = new LongAdder();
    private final LongAdder droppedFindings = new LongAdder();
    private final AtomicInteger queued = new AtomicInteger();
    private final AtomicBoolean isShutDown = new AtomicBoolean();

    private volatile @Nullable String endpoint;
    private volatile Supplier<CompletableResultCode> shutdown = CompletableResultCode::ofSuccess;
    private volatile String lastReason = "no response in time";
    private volatile boolean isClosing;

    /** Makes each outcome and its effect on the queue visible at once. */
    private final Object countLock = new Object();

    private final Object logLock = new Object();
    private @Nullable Long logTime;
    private @Nullable Long warningTime;
    private long loggedLost;
    private long loggedFailed;

    /**
     * Creates a monitor without an exporter.
     *
     * @param items the plural noun in log lines
     * @param nanoTime the clock for the pause between log lines, such as System::nanoTime
     */
    ExportMonitor(String items, LongSupplier nanoTime) {
        this.items = items;
        this.nanoTime = nanoTime;
    }

    ExportCounts counts() {
        synchronized (countLock) {
            long findings = droppedFindings.sum();
            return new ExportCounts(
                    exported.sum(), failed.sum(), findings + droppedOthers.sum(), findings, queued.get());
        }
    }

    /** The destination without a password; empty without an exporter. */
    Optional<String> endpoint() {
        return Optional.ofNullable(endpoint);
    }

    /** Wraps the only exporter of spans. */
    SpanExporter watch(SpanExporter exporter, String destination) {
        watch(exporter::shutdown, destination);
        return new MonitoredSpanExporter(exporter);
    }

    /** Wraps the only exporter of metrics. */
    MetricExporter watch(MetricExporter exporter, String destination) {
        watch(exporter::shutdown, destination);
        return new MonitoredMetricExporter(exporter);
    }

    /** Wraps the only exporter of log records. */
    LogRecordExporter watch(LogRecordExporter exporter, String destination) {
        watch(exporter::shutdown, destination);
        return new MonitoredLogRecordExporter(exporter);
    }

    private void watch(Supplier<CompletableResultCode> stop, String destination) {
        shutdown = stop;
        endpoint = OtelVariables.withoutPassword(destination);
    }

    /**
     * Wraps the processor that queues spans, and drops spans beyond the limit. Traces without a finding can use half of it,
     * so that they are dropped first.
     */
    SpanProcessor limit(SpanProcessor processor, int limit) {
        return new LimitedProcessor(processor, limit);
    }

    /** Wraps the processor that queues log records, and drops records beyond the limit. */
    LogRecordProcessor limit(LogRecordProcessor processor, int limit) {
        return new LimitedLogProcessor(processor, limit);
    }

    /** Reserves a place in the queue for an item, or counts it as dropped; returns whether to queue it. */
    private boolean queue(int limit, LongAdder dropped) {
        if (!isClosing && reserve(limit)) {
            return true;
        }
        dropped.increment();
        return false;
    }

    private boolean reserve(int limit) {
        if (queued.incrementAndGet() <= limit) {
            return true;
        }
        queued.decrementAndGet();
        return false;
    }

    /** Rejects new items and defers log lines to {@link #close}. */
    void startClosing() {
        isClosing = true;
    }

    /** Cancels the exports in flight. */
    CompletableResultCode shutdown() {
        return isShutDown.getAndSet(true) ? CompletableResultCode.ofSuccess() : shutdown.get();
    }

    /** Logs the losses since the last log line. */
    void close() {
        log(true);
    }

    /**
     * Exports and counts the outcome.
     *
     * @param count number of items
     * @param fromQueue number of items that the export removes from the queue
     */
    private CompletableResultCode export(int count, int fromQueue, Supplier<CompletableResultCode> export) {
        // An error would end the thread of the SDK.
        CompletableResultCode outcome = BOUNDARY.call(export, CompletableResultCode::ofExceptionalFailure);
        return outcome.whenComplete(() -> {
            long lost = outcome.isSuccess() ? 0 : lost(count, outcome.getFailureThrowable());
            synchronized (countLock) {
                exported.add(count - lost);
                failed.add(lost);
                queued.addAndGet(-fromQueue);
            }
            if (!isClosing) {
                log(false);
            }
        });
    }

    /** The number of items that a failed export has not delivered. */
    private long lost(int count, @Nullable Throwable failure) {
        Throwable cause = failure == null ? null : failure.getCause();
        if (cause instanceof RejectedExportException rejection) {
            if (rejection.rejected() == 0) {
                logWarning(oneLine(rejection));
            } else {
                keepReason(rejection);
            }
            return Math.min(count, rejection.rejected());
        }
        keepReason(failure);
        return count;
    }

    private void logWarning(String warning) {
        synchronized (logLock) {
            long now = nanoTime.getAsLong();
            if (warningTime != null && now - warningTime < PAUSE_NANOS) {
                return;
            }
            warningTime = now;
        }
        LOG.warn("exported {} to {} with a warning: {}", items, endpoint, warning);
    }

    private void log(boolean isLast) {
        ExportCounts counts = counts();
        boolean hasFailed;
        synchronized (logLock) {
            long now = nanoTime.getAsLong();
            boolean isTooSoon = logTime != null && now - logTime < PAUSE_NANOS;
            if (endpoint == null || counts.lost() == loggedLost || (isTooSoon && !isLast)) {
                return;
            }
            logTime = now;
            hasFailed = counts.failed() > loggedFailed;
            loggedLost = counts.lost();
            loggedFailed = counts.failed();
        }
        LOG.warn(
                "cannot export {} to {}: {} ({} lost so far{})",
                items,
                endpoint,
                hasFailed ? lastReason : "the back end is too slow",
                counts.lost(),
                counts.dropped() == 0 ? "" : ", " + counts.dropped() + " of them because the queue was full");
    }

    private void keepReason(@Nullable Throwable failure) {
        // After a shutdown, a failure only shows that the request was cancelled.
        if (failure == null || isShutDown.get()) {
            return;
        }
        lastReason = oneLine(failure);
    }

    /** The back end chooses parts of the reason: control characters would act on the terminal. */
    private static String oneLine(Throwable failure) {
        String reason = reason(failure).replaceAll("[\\s\\p{Cntrl}]+", " ").replaceFirst("[ .]+$", "");
        return reason.length() > REASON_LENGTH ? reason.substring(0, REASON_LENGTH) + "…" : reason;
    }

    /** The SDK has no public type for the status of a response. */
    private static String reason(Throwable failure) {
        if (failure instanceof HttpExportException http && http.getResponse() != null) {
            HttpResponse response = http.getResponse();
            return "HTTP status code " + response.getStatusCode() + " " + response.getStatusMessage();
        }
        if (failure instanceof GrpcExportException grpc && grpc.getResponse() != null) {
            GrpcResponse response = grpc.getResponse();
            return "gRPC status code " + response.getStatusCode() + " " + response.getStatusDescription();
        }
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        String message = cause.getMessage();
        if (cause instanceof RejectedExportException && message != null) {
            return message;
        }
        return cause.getClass().getSimpleName() + (message == null ? "" : ": " + message);
    }

    private final class MonitoredSpanExporter implements SpanExporter {
        private final SpanExporter delegate;

        MonitoredSpanExporter(SpanExporter delegate) {
            this.delegate = delegate;
        }

        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            // The processor clears the collection after a timeout.
            int count = spans.size();
            return ExportMonitor.this.export(count, count, () -> delegate.export(spans));
        }

        @Override
        public CompletableResultCode flush() {
            return delegate.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return ExportMonitor.this.shutdown();
        }
    }

    private final class MonitoredLogRecordExporter implements LogRecordExporter {
        private final LogRecordExporter delegate;

        MonitoredLogRecordExporter(LogRecordExporter delegate) {
            this.delegate = delegate;
        }

        @Override
        public CompletableResultCode export(Collection<LogRecordData> records) {
            int count = records.size();
            return ExportMonitor.this.export(count, count, () -> delegate.export(records));
        }

        @Override
        public CompletableResultCode flush() {
            return delegate.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return ExportMonitor.this.shutdown();
        }
    }

    private final class MonitoredMetricExporter implements MetricExporter {
        private final MetricExporter delegate;

        MonitoredMetricExporter(MetricExporter delegate) {
            this.delegate = delegate;
        }

        @Override
        public CompletableResultCode export(Collection<MetricData> metrics) {
            return ExportMonitor.this.export(1, 0, () -> delegate.export(metrics));
        }

        @Override
        public AggregationTemporality getAggregationTemporality(InstrumentType type) {
            return delegate.getAggregationTemporality(type);
        }

        @Override
        public CompletableResultCode flush() {
            return delegate.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return ExportMonitor.this.shutdown();
        }
    }

    /** Keeps the number of queued spans within a limit, so that the queue of the SDK is never full. */
    private final class LimitedProcessor implements SpanProcessor {
        private final SpanProcessor delegate;
        private final int limit;

        LimitedProcessor(SpanProcessor delegate, int limit) {
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
            boolean isFinding = span.getAttribute(SpanAttribute.PRIORITY.key()) != null;
            if (isFinding ? queue(limit, droppedFindings) : queue((limit + 1) / 2, droppedOthers)) {
                delegate.onEnd(span);
            }
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

    /** The same for log records. */
    private final class LimitedLogProcessor implements LogRecordProcessor {
        private final LogRecordProcessor delegate;
        private final int limit;

        LimitedLogProcessor(LogRecordProcessor delegate, int limit) {
            this.delegate = delegate;
            this.limit = limit;
        }

        @Override
        public void onEmit(Context context, ReadWriteLogRecord logRecord) {
            if (queue(limit, droppedOthers)) {
                delegate.onEmit(context, logRecord);
            }
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
}
