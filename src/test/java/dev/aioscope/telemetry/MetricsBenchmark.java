package dev.aioscope.telemetry;

import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.probe.Tier;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * How many teardowns a second one core takes into the metrics: by our own arrays, and by Micrometer's meters, found once,
 * with the same buckets. Run it by hand: {@code java -cp ... dev.aioscope.telemetry.MetricsBenchmark}.
 */
final class MetricsBenchmark {
    private static final int TEARDOWNS = 2_000_000;
    private static final int ROUNDS = 5;
    private static final Duration[] BOUNDS = IntStream.of(
                    1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 120_000,
                    300_000)
            .mapToObj(Duration::ofMillis)
            .toArray(Duration[]::new);

    private MetricsBenchmark() {}

    /** Prints the best of some rounds each. */
    public static void main(String[] arguments) {
        Teardown[] teardowns = Stream.of(
                        TeardownBuilder.busy().build(), TeardownBuilder.idle().build())
                .toArray(Teardown[]::new);
        run("own arrays", new TeardownMetrics(Tier.FULL, new WallClock(() -> 0, Instant::now)), teardowns);
        run("Micrometer", micrometer(), teardowns);
    }

    private static void run(String name, LifecycleListener listener, Teardown[] teardowns) {
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long begin = System.nanoTime();
            for (int i = 0; i < TEARDOWNS; i++) {
                listener.onTeardown(teardowns[i & 1]);
            }
            best = Math.max(best, TEARDOWNS * 1e9 / (System.nanoTime() - begin));
        }
        System.out.printf("%s: %.0f teardowns/s%n", name, best);
    }

    private static LifecycleListener micrometer() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
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
