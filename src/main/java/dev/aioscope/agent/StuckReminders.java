package dev.aioscope.agent;

import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decides when to repeat the state of a stuck teardown, less often the longer it lasts. Not thread-safe. */
final class StuckReminders {
    /** Time from one report to the next; the last one repeats. */
    private static final List<Duration> PAUSES = List.of(
            Duration.ofSeconds(1),
            Duration.ofSeconds(10),
            Duration.ofMinutes(1),
            Duration.ofMinutes(10),
            Duration.ofHours(1));

    private record Key(long generation, @Nullable Task caller) {
        static Key of(TeardownInProgress teardown) {
            return new Key(
                    teardown.known().context().generation(), teardown.known().caller());
        }
    }

    private record Report(long time, int count) {
        boolean isOver(long now) {
            Duration pause = PAUSES.get(Math.min(count, PAUSES.size()) - 1);
            return now - time >= pause.toNanos();
        }
    }

    private final Map<Key, Report> latest = new HashMap<>();

    /**
     * The stuck teardowns to report again. The first call with a teardown follows its first report.
     *
     * @param now CLOCK_BOOTTIME ns
     */
    List<TeardownInProgress> due(List<TeardownInProgress> inProgress, long now) {
        List<TeardownInProgress> stuck =
                inProgress.stream().filter(TeardownInProgress::isStuck).toList();
        Set<Key> present = new HashSet<>();
        stuck.forEach(teardown -> present.add(Key.of(teardown)));
        latest.keySet().retainAll(present);
        return stuck.stream().filter(teardown -> isDue(Key.of(teardown), now)).toList();
    }

    private boolean isDue(Key key, long now) {
        Report last = latest.get(key);
        if (last != null && !last.isOver(now)) {
            return false;
        }
        latest.put(key, new Report(now, last == null ? 1 : last.count + 1));
        return last != null;
    }
}
