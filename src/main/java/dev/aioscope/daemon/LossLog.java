package dev.aioscope.daemon;

import dev.aioscope.telemetry.AgentMetrics.Work;
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
 * Says in the log when something is lost, a line a minute at most, and when a minute has gone without a loss. What the
 * kernel skips now and then is counted elsewhere and is not worth a line.
 */
public final class LossLog {
    private static final Logger LOG = LoggerFactory.getLogger(LossLog.class);
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final Work work;
    private final LongSupplier nanoTime;
    private final Map<Loss, Long> seen = new EnumMap<>(Loss.class);
    private final Map<Loss, Long> told = new EnumMap<>(Loss.class);
    /** When each was last seen to have grown. */
    private final Map<Loss, Long> grown = new EnumMap<>(Loss.class);

    private @Nullable Long lastLoss;
    private @Nullable Long lastLine;

    /**
     * Begins with what is lost already, of which it says nothing.
     *
     * @param nanoTime the time between two losses
     */
    public LossLog(Work work, LongSupplier nanoTime) {
        this.work = work;
        this.nanoTime = nanoTime;
        seen.putAll(count());
        told.putAll(seen);
    }

    private Map<Loss, Long> count() {
        Map<Loss, Long> counts = new EnumMap<>(Loss.class);
        Arrays.stream(Loss.values()).filter(loss -> loss != Loss.MISSED).forEach(loss -> {
            Long count = loss.of(work);
            counts.put(loss, count == null ? 0 : count);
        });
        return counts;
    }

    /** ScanFollower whether more is lost; to be called every few seconds. */
    public synchronized void look() {
        long now = nanoTime.getAsLong();
        Map<Loss, Long> counts = count();
        counts.forEach((loss, count) -> {
            if (!count.equals(seen.put(loss, count))) {
                grown.put(loss, now);
                lastLoss = now;
            }
        });
        if (lastLoss == null) {
            return;
        }
        if (!seen.equals(told) && (lastLine == null || now - lastLine >= MINUTE)) {
            LOG.warn("{}", String.join("; ", news()));
            told.putAll(seen);
            lastLine = now;
        } else if (seen.equals(told) && now - lastLoss >= MINUTE) {
            LOG.info("Nothing was lost for a minute");
            lastLoss = null;
        }
    }

    private List<String> news() {
        List<String> news = new ArrayList<>();
        seen.forEach((loss, count) -> {
            long more = count - told.getOrDefault(loss, 0L);
            if (more > 0) {
                news.add("Lost: " + more + " " + loss.label() + " (hint: " + loss.hint() + ")");
            }
        });
        return news;
    }

    /** Whether something was lost within the last minute, so that what is shown is not all there was. */
    public synchronized List<String> complaints() {
        return grown.keySet().stream().anyMatch(loss -> loss != Loss.UNRECORDED && isRecent(loss))
                ? List.of("something was lost within the last minute: see aioscope_event_lost_total and the log")
                : List.of();
    }

    /** Whether the flight recorder has a gap within the last minute; what is shown is whole without it. */
    public synchronized List<String> remarks() {
        return isRecent(Loss.UNRECORDED)
                ? List.of("the flight recorder has a gap within the last minute (hint: " + Loss.UNRECORDED.hint() + ")")
                : List.of();
    }

    private boolean isRecent(Loss loss) {
        Long when = grown.get(loss);
        return when != null && nanoTime.getAsLong() - when < MINUTE;
    }
}
