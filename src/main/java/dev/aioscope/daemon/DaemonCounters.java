package dev.aioscope.daemon;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.lifecycle.Counters;
import dev.aioscope.probe.Losses;
import dev.aioscope.recording.Recorder;
import dev.aioscope.telemetry.AgentStatistics;
import dev.aioscope.telemetry.Loss;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Counts what the daemon has processed and lost.
 *
 * @param recorder null if there is no flight recorder
 */
record DaemonCounters(
        DutyCycle dutyCycle,
        ListenerQueue queue,
        IdentityCollector identities,
        ProbeWatch watch,
        @Nullable Recorder recorder)
        implements AgentStatistics {
    /** The sum of all losses. */
    long lost() {
        return Arrays.stream(Loss.values())
                .map(loss -> loss.of(this))
                .filter(Objects::nonNull)
                .mapToLong(Long::longValue)
                .sum();
    }

    /** What does not work, although what the agent shows is complete. */
    List<String> remarks(LossLog losses) {
        return Stream.of(losses.remarks(), identities.remarks())
                .flatMap(List::stream)
                .toList();
    }

    @Override
    public long helperFailures() {
        return identities.helperFailures();
    }

    @Override
    public long events() {
        return dutyCycle.stats().events();
    }

    @Override
    public Losses losses() {
        return dutyCycle.stats().losses();
    }

    @Override
    public Counters counters() {
        return dutyCycle.stats().counters();
    }

    @Override
    public long dropped() {
        return queue.dropped();
    }

    @Override
    public long unidentified() {
        return identities.unidentified();
    }

    @Override
    public @Nullable Long silent() {
        return watch.silent();
    }

    @Override
    public @Nullable Long unrecorded() {
        return recorder == null ? null : (Long) recorder.dropped();
    }

    @Override
    public @Nullable Long snapshots() {
        return recorder == null ? null : (Long) recorder.snapshots();
    }
}
