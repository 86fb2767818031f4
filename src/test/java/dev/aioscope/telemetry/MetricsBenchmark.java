package dev.aioscope.telemetry;

import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.probe.Tier;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Measures the CPU time of one teardown in the metrics: with our buckets, and with the stock meters of Micrometer and the
 * bounds of long phases. Run it by hand: {@code java -cp ... dev.aioscope.telemetry.MetricsBenchmark}.
 */
final class MetricsBenchmark {
    private static final int TEARDOWNS = 2_000_000;
    private static final int ROUNDS = 5;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final Duration[] BOUNDS = IntStream.of(
                    1, 5, 10, 20, 30, 50, 100, 250, 500, 1500, 4500, 13_500, 40_500, 121_500)
            .mapToObj(Duration::ofMillis)
            .toArray(Duration[]::new);

    private MetricsBenchmark() {}

    /** Prints the best of five rounds each. */
    public static void main(String[] arguments) {
        Teardown[] teardowns = Stream.of(
                        TeardownBuilder.busy().build(), TeardownBuilder.idle().build())
                .toArray(Teardown[]::new);
        run(
                "our buckets",
                new TeardownMetrics(new Metrics(), Tier.FULL, new WallClock(() -> 0, Instant::now)),
                teardowns);
        run("stock Micrometer", micrometer(), teardowns);
    }

    private static void run(String name, LifecycleListener listener, Teardown[] teardowns) {
        double best = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long begin = THREADS.getCurrentThreadCpuTime();
            for (int i = 0; i < TEARDOWNS; i++) {
                listener.onTeardown(teardowns[i & 1]);
            }
            best = Math.min(best, (THREADS.getCurrentThreadCpuTime() - begin) / (double) TEARDOWNS);
        }
        System.out.printf("%s: %.0f ns per teardown%n", name, best);
    }

    private static LifecycleListener micrometer() {
        MeterRegistry registry = new SimpleMeterRegistry();
        List<Function<Teardown, Long>> phases = List.of(
                Teardown::held,
                Teardown::lookup,
                Teardown::kill,
                Teardown::unmap,
                Teardown::drain,
                Teardown::grace,
                Teardown::io,
                Teardown::inSiblings,
                Teardown::cancel,
                Teardown::wake,
                Teardown::deferredFree);
        List<Timer> timers = IntStream.range(0, phases.size())
                .mapToObj(i -> Timer.builder("phase" + i)
                        .tag("aio.trigger", Trigger.DESTROY.label())
                        .serviceLevelObjectives(BOUNDS)
                        .register(registry))
                .toList();
        DistributionSummary outstanding = DistributionSummary.builder("outstanding")
                .serviceLevelObjectives(0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)
                .register(registry);
        return new LifecycleListener() {
            @Override
            public void onTeardown(Teardown teardown) {
                for (int i = 0; i < timers.size(); i++) {
                    Long nanos = phases.get(i).apply(teardown);
                    if (nanos != null) {
                        timers.get(i).record(nanos, TimeUnit.NANOSECONDS);
                    }
                }
                outstanding.record(teardown.outstanding());
            }
        };
    }
}
