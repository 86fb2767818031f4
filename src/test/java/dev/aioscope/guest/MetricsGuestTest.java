package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.aioscope.kernel.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a scrape of the daemon says against what aiowork, null_blk and the kernel's own counter are known to have done. */
@Tag("guest")
class MetricsGuestTest {
    /** Of the time that null_blk promises, what may pass between the clock of aiowork and the kernel's entry. */
    private static final double SLACK = 0.02;

    @TempDir
    private static Path folder;

    private static Process agent;

    @BeforeAll
    static void start() throws IOException {
        NullBlk.load();
        Path output = folder.resolve("run.log");
        agent = Command.start(
                output, Command.aioscope("run", "--tier", "full", "--recorder-directory", folder.toString()));
        Command.awaitText(output, " started: tier full");
    }

    @AfterAll
    static void stop() throws Exception {
        agent.destroy();
        assertThat(agent.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(folder.resolve("run.log"))).doesNotContain("\tat ");
    }

    /** How much a series has grown from one moment to another. */
    private record Growth(Scrape from, Scrape to) {
        /** Up to a moment at which this many drains more are counted. */
        static Growth await(Scrape from, String trigger, int drains) throws IOException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            Growth growth = new Growth(from, Scrape.take());
            while (growth.of("aio_context_drain_duration_seconds_count", trigger) < drains
                    && System.nanoTime() < deadline) {
                Command.pause();
                growth = new Growth(from, Scrape.take());
            }
            return growth;
        }

        double of(String metric, String trigger) {
            return of(metric + "{aio_trigger=\"" + trigger + "\"}");
        }

        double of(String series) {
            return to.value(series) - from.value(series);
        }
    }

    @Test
    void theHistogramsOfDestroysTellOfTheRequestsAndOfTheirDelay() throws IOException {
        Scrape from = Scrape.take();
        List<AioWork> works = List.of(
                AioWork.run("destroy", "--outstanding", "10"),
                AioWork.run("destroy"),
                AioWork.run("destroy", "--outstanding", "3"));
        Growth growth = Growth.await(from, "destroy", works.size());

        assertThat(growth.of("aio_context_drain_duration_seconds_count", "destroy"))
                .isEqualTo(works.size());
        assertThat(growth.of("aio_context_destroy_outstanding_count", "destroy"))
                .isEqualTo(works.size());
        assertThat(growth.of("aio_context_destroy_outstanding_sum", "destroy")).isEqualTo(13);
        assertThat(growth.of("aio_context_setup_duration_seconds_count")).isEqualTo(works.size());
        assertThat(growth.of("aio_context_setup_duration_seconds_sum")).isBetween(1e-6, (double) works.size());
        double drain = growth.of("aio_context_drain_duration_seconds_sum", "destroy");
        double before = growth.of("aio_context_lookup_duration_seconds_sum", "destroy")
                + growth.of("aio_context_kill_duration_seconds_sum", "destroy");
        assertThat(drain).isGreaterThanOrEqualTo(leftAtTheCalls(works) - before - works.size() * SLACK);
        // The calls as the program measured them contain the drains.
        assertThat(drain + before).isLessThanOrEqualTo(inTheCalls(works));
        assertThat(growth.of("aio_task_uninterruptible_time_seconds_total", "destroy"))
                .isCloseTo(drain, within(1e-6));
    }

    /** What was left of null_blk's delays when io_destroy was called, s. */
    private static double leftAtTheCalls(List<AioWork> works) {
        return works.stream()
                        .filter(work -> work.the("outstanding") > 0)
                        .mapToLong(work -> work.the("submitted") + NullBlk.DELAY - work.the("called"))
                        .sum()
                / 1e9;
    }

    private static double inTheCalls(List<AioWork> works) {
        return works.stream()
                        .mapToLong(work -> work.the("returned") - work.the("called"))
                        .sum()
                / 1e9;
    }

    @Test
    void theHistogramsOfExitsTellOfTheRequestsAndOfTheirDelay() throws IOException {
        Scrape from = Scrape.take();
        long begin = System.nanoTime();
        AioWork.run("exit", "--outstanding", "7");
        double passed = (System.nanoTime() - begin) / 1e9;
        Growth growth = Growth.await(from, "exit", 1);

        assertThat(growth.of("aio_context_drain_duration_seconds_count", "exit"))
                .isEqualTo(1);
        assertThat(growth.of("aio_context_destroy_outstanding_sum", "exit")).isEqualTo(7);
        assertThat(growth.of("aio_context_drain_duration_seconds_sum", "exit")).isBetween(0.25, passed);
    }

    @Test
    void theUsageIsFsAioNr() throws IOException {
        long before = Host.aioNr().orElseThrow();
        try (AioWork work = AioWork.start("destroy", "--charge", "333", "--wait")) {
            work.await("ready");
            assertThat(work.the("aio_nr")).isEqualTo(before + 333);
            Scrape scrape = Scrape.take();
            assertThat(scrape.value("aio_event_usage")).isEqualTo(before + 333.0);
            assertThat(scrape.value("aio_event_limit"))
                    .isEqualTo(Host.aioMaxNr().orElseThrow().doubleValue());
            work.goOn();
            work.finish();
        }
        assertThat(Scrape.take().value("aio_event_usage")).isEqualTo((double) before);
    }
}
