package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares scrapes of the daemon with aiowork, null_blk and the kernel's own counter. */
@Tag("guest")
class MetricsGuestTest {
    /** The time that may pass between aiowork's clock reading and the kernel's entry, s. */
    private static final double SLACK = 0.02;

    @TempDir
    private static Path folder;

    private static Process agent;

    @BeforeAll
    static void start() throws IOException {
        NullBlockDevice.load();
        Path output = folder.resolve("run.log");
        agent = Commands.start(
                output, Aioscope.command("run", "--tier", "full", "--recorder-directory", folder.toString()));
        Commands.awaitText(agent, output, " started: tier full");
    }

    @AfterAll
    static void stop() throws Exception {
        Commands.stop(agent, "TERM", 0, folder.resolve("run.log"));
    }

    /** The growth of series between two scrapes. */
    private record MetricsDelta(MetricsScrape from, MetricsScrape to) {
        /**
         * Waits until this number of additional drains is counted in every metric. The scrape that shows it can have read other
         * metrics before the drains were counted, so a new one follows.
         */
        static MetricsDelta await(MetricsScrape from, String trigger, int drains) throws IOException {
            Await.value(
                    drains + " drains",
                    () -> new MetricsDelta(from, MetricsScrape.take()),
                    delta -> delta.of("aio_context_drain_duration_seconds_count", trigger) >= drains
                            && delta.isBetweenTeardowns(trigger));
            return new MetricsDelta(from, MetricsScrape.take());
        }

        /** Whether the later scrape did not fall into the counting of a teardown, which ends with the time of the wait. */
        private boolean isBetweenTeardowns(String trigger) {
            double drained = of("aio_context_drain_duration_seconds_sum", trigger);
            return Math.abs(of("aio_task_uninterruptible_time_seconds_total", trigger) - drained) < 1e-6;
        }

        double of(String metric, String trigger) {
            return of(metric + "{aio_trigger=\"" + trigger + "\"}");
        }

        /** Series of histograms exist from their first value on. */
        double of(String series) {
            return to.valueOrZero(series) - from.valueOrZero(series);
        }
    }

    @Test
    void countsRequestsAndDelayOfDestroys() throws IOException {
        MetricsScrape from = MetricsScrape.take();
        List<AioWork> works = List.of(
                AioWork.run("destroy", "--outstanding", "10"),
                AioWork.run("destroy"),
                AioWork.run("destroy", "--outstanding", "3"));
        MetricsDelta delta = MetricsDelta.await(from, "destroy", works.size());

        assertThat(delta.of("aio_context_drain_duration_seconds_count", "destroy"))
                .isEqualTo(works.size());
        assertThat(delta.of("aio_context_destroy_outstanding_count", "destroy")).isEqualTo(works.size());
        assertThat(delta.of("aio_context_destroy_outstanding_sum", "destroy")).isEqualTo(13);
        assertThat(delta.of("aio_context_setup_duration_seconds_count")).isEqualTo(works.size());
        assertThat(delta.of("aio_context_setup_duration_seconds_sum")).isBetween(1e-6, (double) works.size());
        double drain = delta.of("aio_context_drain_duration_seconds_sum", "destroy");
        double before = delta.of("aio_context_lookup_duration_seconds_sum", "destroy")
                + delta.of("aio_context_kill_duration_seconds_sum", "destroy");
        assertThat(drain).isGreaterThanOrEqualTo(remainingAtCalls(works) - before - works.size() * SLACK);
        // The duration of the calls as the program measured it includes the drains.
        assertThat(drain + before).isLessThanOrEqualTo(durationOfCalls(works));
        assertThat(delta.of("aio_task_uninterruptible_time_seconds_total", "destroy"))
                .isCloseTo(drain, within(1e-6));
    }

    /** The remaining delay of null_blk when io_destroy was called, s. */
    private static double remainingAtCalls(List<AioWork> works) {
        return works.stream()
                        .filter(work -> work.value("outstanding") > 0)
                        .mapToLong(work -> work.value("submitted") + NullBlockDevice.DELAY - work.value("called"))
                        .sum()
                / 1e9;
    }

    private static double durationOfCalls(List<AioWork> works) {
        return works.stream()
                        .mapToLong(work -> work.value("returned") - work.value("called"))
                        .sum()
                / 1e9;
    }

    @Test
    void countsRequestsAndDelayOfExits() throws IOException {
        MetricsScrape from = MetricsScrape.take();
        long begin = System.nanoTime();
        AioWork.run("exit", "--outstanding", "7");
        double passed = (System.nanoTime() - begin) / 1e9;
        MetricsDelta delta = MetricsDelta.await(from, "exit", 1);

        assertThat(delta.of("aio_context_drain_duration_seconds_count", "exit")).isEqualTo(1);
        assertThat(delta.of("aio_context_destroy_outstanding_sum", "exit")).isEqualTo(7);
        assertThat(delta.of("aio_context_drain_duration_seconds_sum", "exit")).isBetween(0.25, passed);
    }

    @Test
    void reportsAioNrAsUsage() throws IOException {
        long before = Host.aioNr().orElseThrow().longValueExact();
        try (AioWork work = AioWork.start("destroy", "--charge", "333", "--wait")) {
            work.await("ready");
            assertThat(work.value("aio_nr")).isEqualTo(before + 333);
            MetricsScrape scrape = MetricsScrape.take();
            assertThat(scrape.value("aio_event_usage")).isEqualTo(before + 333.0);
            assertThat(scrape.value("aio_event_limit"))
                    .isEqualTo(Host.aioMaxNr().orElseThrow().doubleValue());
            work.proceed();
            work.finish();
        }
        assertThat(MetricsScrape.take().value("aio_event_usage")).isEqualTo((double) before);
    }
}
