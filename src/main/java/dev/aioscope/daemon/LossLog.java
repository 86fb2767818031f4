package dev.aioscope.daemon;

import dev.aioscope.telemetry.AgentStatistics;
import dev.aioscope.telemetry.Loss;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs losses, at most one line a minute, and the end of losses after a minute without one. Programs that the kernel skips
 * now and then have a counter and no line. Thread-safe.
 */
public final class LossLog {
    private static final Logger LOG = LoggerFactory.getLogger(LossLog.class);
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final AgentStatistics work;
    private final LongSupplier nanoTime;
    private final Map<Loss, Long> counted = new EnumMap<>(Loss.class);
    private final Map<Loss, Long> logged = new EnumMap<>(Loss.class);
    /** When each count last grew. */
    private final Map<Loss, Long> grown = new EnumMap<>(Loss.class);

    private @Nullable Long lastLoss;
    private @Nullable Long lastLine;

    /**
     * Starts with the present counts, which it does not log.
     *
     * @param nanoTime a monotonic clock, ns
     */
    public LossLog(AgentStatistics work, LongSupplier nanoTime) {
        this.work = work;
        this.nanoTime = nanoTime;
        counted.putAll(count());
        logged.putAll(counted);
    }

    private Map<Loss, Long> count() {
        Map<Loss, Long> counts = new EnumMap<>(Loss.class);
        Arrays.stream(Loss.values()).filter(loss -> loss != Loss.MISSED).forEach(loss -> {
            Long count = loss.of(work);
            counts.put(loss, count == null ? 0 : count);
        });
        return counts;
    }

    /** Compares the counts with the last ones. Call it every few seconds. */
    public synchronized void update() {
        long now = nanoTime.getAsLong();
        Map<Loss, Long> counts = count();
        counts.forEach((loss, count) -> {
            if (!count.equals(counted.put(loss, count))) {
                grown.put(loss, now);
                lastLoss = now;
            }
        });
        if (lastLoss == null) {
            return;
        }
        if (!counted.equals(logged) && (lastLine == null || now - lastLine >= MINUTE)) {
            LOG.warn("{}", String.join("; ", growth()));
            logged.putAll(counted);
            lastLine = now;
        } else if (counted.equals(logged) && now - lastLoss >= MINUTE) {
            LOG.info("No losses for a minute");
            lastLoss = null;
        }
    }

    private List<String> growth() {
        List<String> lines = new ArrayList<>();
        counted.forEach((loss, count) -> {
            long more = count - logged.getOrDefault(loss, 0L);
            if (more > 0) {
                lines.add("Lost: " + more + " " + loss.label() + " (hint: " + loss.hint() + ")");
            }
        });
        return lines;
    }

    /** A loss within the last minute, which makes the output incomplete. */
    public synchronized List<String> complaints() {
        return grown.keySet().stream().anyMatch(loss -> loss != Loss.UNRECORDED && isRecent(loss))
                ? List.of("events were lost within the last minute: see aioscope_event_lost_total and the log")
                : List.of();
    }

    /** A gap in the flight recorder within the last minute; the other output is complete without it. */
    public synchronized List<String> remarks() {
        return isRecent(Loss.UNRECORDED)
                ? List.of("the flight recorder lost records within the last minute (hint: " + Loss.UNRECORDED.hint()
                        + ")")
                : List.of();
    }

    private boolean isRecent(Loss loss) {
        Long when = grown.get(loss);
        return when != null && nanoTime.getAsLong() - when < MINUTE;
    }
}
