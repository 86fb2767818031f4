package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.EventType;
import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.Teardown.End;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.core.CoreEngine;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Under overload, the agent reports or counts as lost each event exactly, and recovers afterwards. */
@Tag("guest")
@Tag("turn4")
class OverloadGuestTest {
    private static final int PROCESSES = 10;
    private static final int CONTEXTS = 5000;

    /** SETUP, KILL_ENTER, KILL_EXIT, USERS, REQS and FREE of a context that ends with its process. */
    private static final int RECORDS = 6;

    @Test
    void reportsEachOfThousandsOfSimultaneousTeardownsOnce() throws IOException {
        List<AioWork> works = new ArrayList<>();
        try (TestAgent agent = new TestAgent(Tier.FULL, AttachMethod.FENTRY)) {
            for (int i = 0; i < PROCESSES; i++) {
                AioWork work = AioWork.start("many", "--count", "" + CONTEXTS / PROCESSES, "--charge", "1", "--wait");
                works.add(work);
                work.await("ready");
                agent.read();
            }
            agent.readUntil("the setups", () -> agent.setups().size() == CONTEXTS);
            works.forEach(AioWork::killWithoutWaiting);
            // The ring is read only after all contexts are gone.
            works.forEach(AioWork::kill);

            agent.readUntil("the teardowns", () -> {
                agent.scan();
                return of(works, agent).count() >= CONTEXTS;
            });
            // A program that the kernel skips at a function entry loses the record of the return as well.
            agent.readUntil("the last records", () -> records(agent) >= (long) RECORDS * CONTEXTS - 2 * agent.missed());
            assertThat(records(agent))
                    .as("and a record of each process")
                    .isLessThanOrEqualTo((long) RECORDS * CONTEXTS + PROCESSES);
            assertThat(of(works, agent).map(teardown -> teardown.context().generation()))
                    .hasSize(CONTEXTS)
                    .doesNotHaveDuplicates();
            assertThat(of(works, agent))
                    .allSatisfy(teardown -> assertThat(teardown.outstanding()).isIn(null, 0));
            assertThat(agent.probes().losses().ringFull()).isPositive();
            assertThat(agent.probes().losses().corrupt()).isZero();
            assertGoesOn(agent);
        } finally {
            works.forEach(AioWork::close);
        }
    }

    private static Stream<Teardown> of(List<AioWork> works, TestAgent agent) {
        return works.stream().flatMap(work -> agent.teardowns(work.pid()).stream());
    }

    private static long records(TestAgent agent) {
        return agent.records() + agent.probes().losses().ringFull();
    }

    private static void assertGoesOn(TestAgent agent) throws IOException {
        long lost = agent.probes().losses().ringFull();
        long missed = agent.missed();
        AioWork work = AioWork.run("destroy", "--charge", "77");
        agent.readUntil("another", () -> !agent.teardowns(work.pid()).isEmpty());
        assertThat(agent.teardowns(work.pid())).singleElement().satisfies(teardown -> {
            assertThat(teardown.context().maxReqs()).isEqualTo(77);
            assertThat(teardown.end() == End.COMPLETE || agent.missed() > missed)
                    .as("%s", teardown)
                    .isTrue();
        });
        assertThat(agent.probes().losses().ringFull()).isEqualTo(lost);
    }

    @Test
    void countsEachCallThatFindsMapFull() throws IOException {
        NullBlockDevice.load();
        int threads = 200;
        int room = 64;
        ProbeSettings settings = new ProbeSettings(false, false, false, ProbeSettings.RING_BYTES, room);
        try (BpfProbes probes = BpfProbes.open(new CoreEngine(), Tier.FULL, EnumSet.allOf(Mode.class), settings)) {
            Map<EventType, Integer> read = new EnumMap<>(EventType.class);
            AioWork work = AioWork.run("many-destroyers", "--count", "" + threads, "--charge", "1");
            assertThat(work.value("destroyed")).isEqualTo(threads);
            awaitFrees(probes, read, threads);

            // Entries remembered until the return: io_destroy, kill_ioctx, and free_ioctx_users.
            long known = Stream.of(EventType.DESTROY_EXIT, EventType.KILL_EXIT, EventType.USERS)
                    .mapToLong(type -> read.getOrDefault(type, 0))
                    .sum();
            long full = probes.losses().mapFull();
            Long missed = probes.losses().missed();
            assertThat(full).isGreaterThanOrEqualTo(threads - room - (missed == null ? 0 : missed));
            assertThat(known + full).isBetween(3L * threads - (missed == null ? 0 : missed), 3L * threads);
            assertThat(read.get(EventType.KILL_ENTER)).isEqualTo(threads);

            AioWork.run("destroy");
            awaitFrees(probes, read, threads + 1);
            assertThat(probes.losses().mapFull()).isEqualTo(full);
        }
    }

    private static void awaitFrees(BpfProbes probes, Map<EventType, Integer> read, int wanted) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (read.getOrDefault(EventType.FREE, 0) < wanted) {
            assertThat(System.nanoTime()).as("%s, %s", read, probes.losses()).isLessThan(deadline);
            probes.await(20);
            probes.poll(event -> read.merge(event.type(), 1, Integer::sum), 4096);
        }
    }

    @Test
    void countsLossesWhileStoppedAndContinues(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("run.log");
        Process daemon = Commands.start(
                output,
                Aioscope.command(
                        "run", "--tier", "full", "--ring-size", "64k", "--recorder-directory", folder.toString()));
        try {
            Commands.awaitText(daemon, output, " started: tier full");
            Commands.run("kill", "-STOP", "" + daemon.pid());
            AioWork work = AioWork.run("churn", "--milliseconds", "10000", "--count", "50", "--charge", "1");
            Commands.run("kill", "-CONT", "" + daemon.pid());
            long all = RECORDS * work.value("contexts");
            String lost = "aioscope_event_lost_total{aioscope_reason=\"ring_full\"}";
            MetricsScrape.await(scrape -> scrape.value("aioscope_event_read_total") + scrape.value(lost) >= all);
            MetricsScrape after = MetricsScrape.await(scrape -> scrape.sum("aio_context_active") == 0);
            // Each process with its 50 contexts also sends who it is, if the ring has room.
            assertThat(after.value("aioscope_event_read_total") + after.value(lost))
                    .isBetween((double) all, all + work.value("contexts") / 50.0);
            assertThat(after.value(lost)).isPositive();
            Commands.awaitText(daemon, output, "ring_full (hint: raise ring-size");

            double before = after.sum("aio_context_setups_total");
            AioWork.run("many", "--count", "20", "--charge", "1");
            MetricsScrape.await(scrape -> scrape.sum("aio_context_setups_total") == before + 20);
            assertThat(MetricsScrape.take().value(lost)).isEqualTo(after.value(lost));
        } finally {
            daemon.destroyForcibly();
        }
    }
}
