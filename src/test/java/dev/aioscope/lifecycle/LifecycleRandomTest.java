package dev.aioscope.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.EventType;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.SimulatedKernel.Failure;
import dev.aioscope.lifecycle.SimulatedKernel.GroundTruth;
import dev.aioscope.lifecycle.SimulatedKernel.Sent;
import dev.aioscope.lifecycle.SimulatedKernel.SimulatedScan;
import dev.aioscope.lifecycle.Teardown.End;
import dev.aioscope.probe.Tier;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares reports with the ground truth of a {@link SimulatedKernel}. Each time in it is unique, so each reported value
 * belongs to exactly one context.
 */
class LifecycleRandomTest {
    private static final int SEEDS = 500;
    private static final Set<String> TIMES = Set.of(
            "setupTime",
            "enterTime",
            "killEnterTime",
            "killExitTime",
            "unmapEnterTime",
            "unmapExitTime",
            "usersEnterTime",
            "usersExitTime",
            "reqsTime",
            "returnTime",
            "freeTime");

    @Test
    void reportsEachTeardownOnceAndExactlyWithoutLosses() {
        int teardowns = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            RandomRun run = new RandomRun(seed, 0, Limits.DEFAULT, 0.01);
            try {
                run.assertExact();
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
            teardowns += run.received.teardowns.size();
        }
        assertThat(teardowns).isGreaterThan(SEEDS * 20);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.001, 0.02, 0.1, 0.3, 0.6})
    void inventsAndRepeatsNothingWithLosses(double lossRate) {
        for (int seed = 0; seed < SEEDS; seed++) {
            try {
                new RandomRun(seed, lossRate, Limits.DEFAULT, 0.01).assertTrue();
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ", loss rate " + lossRate, e);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.1})
    void inventsAndRepeatsNothingWithFullTables(double lossRate) {
        long evicted = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            RandomRun run = new RandomRun(seed, lossRate, new Limits(2, 2, 2), 0.1);
            try {
                run.assertBoundedAndTrue();
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ", loss rate " + lossRate, e);
            }
            evicted += run.lifecycle.counters().evictedTeardowns();
        }
        assertThat(evicted).isPositive();
    }

    /** A simulated history and the reports of the lifecycle about it. */
    private static final class RandomRun {
        final SimulatedKernel kernel;
        final RecordingListener received = new RecordingListener();
        final Lifecycle lifecycle;
        final Limits limits;
        final Set<Sent> kept = new HashSet<>();
        final Map<Long, GroundTruth> byTime = new HashMap<>();

        RandomRun(long seed, double lossRate, Limits limits, double stuckRate) {
            this.limits = limits;
            kernel = new SimulatedKernel(seed, 3, 120, stuckRate);
            kernel.run();
            lifecycle = new Lifecycle(received, Tier.FULL, limits);
            for (GroundTruth truth : kernel.truths) {
                TIMES.forEach(name -> {
                    if (truth.values.get(name) instanceof Long time) {
                        byTime.put(time, truth);
                    }
                });
            }
            feed(new Random(~seed), lossRate);
        }

        private void feed(Random random, double lossRate) {
            List<SimulatedScan> inventories = new ArrayList<>(kernel.inventories);
            SimulatedScan open = null;
            for (Sent sent : kernel.ring) {
                if (open != null && sent.at() > open.at()) {
                    lifecycle.endScan();
                    open = null;
                }
                while (open == null
                        && !inventories.isEmpty()
                        && sent.at() > inventories.get(0).readUntil()) {
                    open = inventories.remove(0);
                    lifecycle.beginScan(open.at());
                    open.found().forEach(record -> RecordingListener.feed(lifecycle, record));
                    if (sent.at() > open.at()) {
                        lifecycle.endScan();
                        open = null;
                    }
                }
                if (random.nextDouble() >= lossRate) {
                    kept.add(sent);
                    RecordingListener.feed(lifecycle, sent.record());
                    lifecycle.advance(sent.time() - 1_000_000);
                }
                if (limits.teardowns() < 100) {
                    assertBounded();
                }
            }
            if (open != null) {
                lifecycle.endScan();
            }
            lifecycle.advance(Long.MAX_VALUE);
        }

        private void assertBounded() {
            if (lifecycle.liveContexts().size() > limits.contexts()
                    || lifecycle.teardownsInProgress().size() > limits.teardowns()) {
                throw new AssertionError("more than the limits");
            }
        }

        void assertExact() {
            assertThat(lifecycle.counters()).isEqualTo(new Counters(0, 0, 0, 0));
            assertThat(received.setups).extracting(Context::setupTime).doesNotHaveDuplicates();
            Set<GroundTruth> reported = new HashSet<>();
            for (Teardown teardown : received.teardowns) {
                assertThat(teardown.end()).as("%s", teardown).isEqualTo(End.COMPLETE);
                GroundTruth truth = truthOf(teardown);
                assertThat(reported.add(truth)).isTrue();
                Map<String, Object> values = new LinkedHashMap<>(truth.values);
                assertThat(valuesOf(teardown)).isEqualTo(withOwner(truth, values, teardown));
            }
            Set<GroundTruth> waiting = new HashSet<>();
            lifecycle.teardownsInProgress().forEach(t -> waiting.add(truthOf(t.known())));
            Set<GroundTruth> live = new HashSet<>();
            lifecycle.liveContexts().forEach(context -> live.add(byTime.get(context.setupTime())));
            for (GroundTruth truth : kernel.truths) {
                assertThat(reported.contains(truth)).isEqualTo(truth.hasEnded);
                assertThat(waiting.contains(truth)).isEqualTo(truth.isKilled && !truth.hasEnded);
                assertThat(live.contains(truth)).isEqualTo(!truth.isKilled);
            }
            assertThat(reportedFailures()).containsExactlyInAnyOrderElementsOf(kernel.failures);
        }

        void assertTrue() {
            Map<GroundTruth, Teardown> reported = new HashMap<>();
            for (Teardown teardown : received.teardowns) {
                GroundTruth truth = check(teardown);
                if (truth != null) {
                    assertThat(reported.put(truth, teardown))
                            .as("doubled: %s", teardown)
                            .isNull();
                }
            }
            for (TeardownInProgress inProgress : lifecycle.teardownsInProgress()) {
                GroundTruth truth = check(inProgress.known());
                if (truth != null) {
                    assertThat(reported.put(truth, inProgress.known()))
                            .as("doubled: %s", inProgress)
                            .isNull();
                }
            }
            for (GroundTruth truth : kernel.truths) {
                if (kept.contains(truth.sent.get(EventType.KILL_ENTER)) && !truth.isRaced && isMarked(truth)) {
                    assertThat(reported).as("%s", truth.values).containsKey(truth);
                }
            }
            assertThat(kernel.failures).containsAll(reportedFailures());
            assertThat(reportedFailures()).doesNotHaveDuplicates();
        }

        void assertBoundedAndTrue() {
            Set<GroundTruth> reported = new HashSet<>();
            for (Teardown teardown : received.teardowns) {
                GroundTruth truth = check(teardown);
                if (truth != null) {
                    assertThat(reported.add(truth)).as("doubled: %s", teardown).isTrue();
                }
            }
        }

        /** Compares values that are not null. Null if the context cannot be distinguished from another with this pointer. */
        private @Nullable GroundTruth check(Teardown teardown) {
            Map<String, Object> values = valuesOf(teardown);
            Set<GroundTruth> sources = sources(values);
            if (sources.isEmpty()) {
                assertThat(teardown.end()).isIn(End.UNKNOWN, End.VANISHED);
                return null;
            }
            boolean isByPlace = teardown.call().returnTime() != null
                    && teardown.phases().killEnterTime() == null
                    && teardown.phases().killExitTime() == null;
            if (isByPlace || sources.stream().anyMatch(source -> !isMarked(source))) {
                return null;
            }
            assertThat(sources).as("mixed: %s", teardown).hasSize(1);
            GroundTruth truth = sources.iterator().next();
            Map<String, Object> known = withOwner(truth, new HashMap<>(truth.values), teardown);
            if (!truth.isRaced) {
                assertThat(known).as("%s", teardown).containsAllEntriesOf(values);
            }
            if (teardown.end() == End.COMPLETE) {
                assertThat(truth.sent.keySet())
                        .allMatch(type -> type == EventType.SETUP || kept.contains(truth.sent.get(type)));
            }
            return truth;
        }

        /**
         * Whether a kept record distinguishes this context from the previous and from the next one with its pointer. It
         * is impossible if all of these records are lost.
         */
        private boolean isMarked(GroundTruth truth) {
            return isMarkedAtBegin(truth) && (truth.after == null || isMarkedAtBegin(truth.after));
        }

        private boolean isMarkedAtBegin(GroundTruth truth) {
            GroundTruth before = truth.before;
            return before == null
                    || kept.contains(before.sent.get(EventType.FREE))
                    || kept.contains(truth.sent.get(EventType.SETUP));
        }

        private Set<GroundTruth> sources(Map<String, Object> values) {
            Set<GroundTruth> sources = new HashSet<>();
            values.forEach((name, value) -> {
                if (TIMES.contains(name) && value instanceof Long time && byTime.containsKey(time)) {
                    sources.add(byTime.get(time));
                }
            });
            return sources;
        }

        private GroundTruth truthOf(Teardown teardown) {
            Set<GroundTruth> sources = sources(valuesOf(teardown));
            assertThat(sources).as("%s", teardown).hasSize(1);
            return sources.iterator().next();
        }

        private List<Failure> reportedFailures() {
            return received.failedCalls.stream()
                    .map(call -> new Failure(call.call(), call.caller().tid(), call.returnTime(), call.errno()))
                    .toList();
        }
    }

    /** Accepts as owner the caller of io_setup, or without that record the owner in a scan or the caller. */
    private static Map<String, Object> withOwner(GroundTruth truth, Map<String, Object> values, Teardown teardown) {
        Task owner = teardown.context().owner();
        if (teardown.context().setupTime() != null) {
            return values;
        }
        values.remove("owner");
        if (owner != null) {
            assertThat(teardown.trigger() == Trigger.EXIT
                            && owner.equals(teardown.caller())
                            && owner.tid() != owner.pid())
                    .isFalse();
            Task by = truth.setUpBy;
            if (by != null) {
                assertThat(owner.pid()).isEqualTo(by.pid());
            }
            values.put("owner", owner);
        }
        return values;
    }

    /** The values that are not null, by component name. */
    private static Map<String, Object> valuesOf(Teardown teardown) {
        Map<String, Object> values = new HashMap<>();
        put(values, teardown.call());
        put(values, teardown.phases());
        put(values, teardown.counts());
        put(values, teardown.kernel());
        put(values, teardown.context());
        values.remove("generation");
        return values;
    }

    private static void put(Map<String, Object> values, Record from) {
        for (RecordComponent component : from.getClass().getRecordComponents()) {
            try {
                Object value = component.getAccessor().invoke(from);
                if (value != null) {
                    values.put(component.getName(), value);
                }
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }
    }
}
