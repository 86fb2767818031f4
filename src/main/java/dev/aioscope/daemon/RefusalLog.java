package dev.aioscope.daemon;

import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.host.Printable;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Logs a refused io_setup with what would have helped: the limit that would have sufficed and the file that sets it, or
 * another seccomp profile, at most once per {@link #PAUSE}. Not thread-safe.
 */
final class RefusalLog implements LifecycleListener {
    /** Time between two lines. */
    static final Duration PAUSE = Duration.ofMinutes(5);

    private final Supplier<@Nullable LimitFile> limitFile;
    private final Consumer<String> log;
    private long silentUntil = Long.MIN_VALUE;
    private long suppressed;

    /**
     * Prepares to log.
     *
     * @param limitFile finds the file that sets the limit of this host; null for a recording
     * @param log receives a line
     */
    RefusalLog(Supplier<@Nullable LimitFile> limitFile, Consumer<String> log) {
        this.limitFile = limitFile;
        this.log = log;
    }

    @Override
    public void onFailedCall(FailedCall call) {
        if (!call.isRefusal()) {
            return;
        }
        if (call.returnTime() < silentUntil) {
            suppressed++;
            return;
        }
        silentUntil = call.returnTime() + PAUSE.toNanos();
        log.accept(line(call));
        suppressed = 0;
    }

    @Override
    public void onRetry(FailedCall call) {
        suppressed++;
    }

    private String line(FailedCall call) {
        StringBuilder line = new StringBuilder("io_setup refused: ")
                .append(Printable.of(call.caller().comm()))
                .append(" (PID ")
                .append(call.caller().pid())
                .append(") requested ")
                .append(Units.number(call.requested()))
                .append(" events");
        if (call.isFiltered()) {
            line.append(", ").append(Errno.name(call.errno())).append(": ").append(call.explanation());
        } else if (call.explanation() != null) {
            line.append("; ").append(call.explanation());
        } else if (call.aioNr() != null && call.aioMaxNr() != null) {
            line.append(", headroom ").append(call.aioMaxNr().subtract(call.aioNr()));
        }
        if (suppressed > 0) {
            line.append("; ").append(suppressed).append(" more refusals since the last line");
        }
        String hint = LimitFile.adviceAfter(call, limitFile);
        return hint == null ? line.toString() : line + " (hint: " + hint + ")";
    }
}
