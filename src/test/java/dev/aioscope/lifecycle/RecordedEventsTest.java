package dev.aioscope.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.recording.Recorder;
import dev.aioscope.recording.Scripted;
import dev.aioscope.recording.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Replays recordings of real kernels, and tests the comparison itself. */
class RecordedEventsTest {
    private static final Path RECORDED = Path.of("src/test/resources/recorded");

    @TempDir
    Path temp;

    @TestFactory
    Stream<DynamicTest> matchesExpectedTeardownsOfRealKernels() throws IOException {
        List<Path> recordings;
        try (Stream<Path> files = Files.list(RECORDED)) {
            recordings = files.filter(file -> file.toString().endsWith(".aioscope"))
                    .sorted()
                    .toList();
        }
        assertThat(recordings).isNotEmpty();
        return recordings.stream()
                .map(recording -> DynamicTest.dynamicTest(
                        recording.getFileName().toString(),
                        () -> assertThat(check(recording)).isEmpty()));
    }

    @Test
    void comparesReplayWithExpectedLines() throws IOException {
        Path recording = write(new Scripted(Tier.FULL)
                .scan(10, ScanGaps.NONE, live(10))
                .turn(
                        2200,
                        killEnter(100),
                        killExit(101),
                        EventBuilder.users().kioctx(1).enterTime(120).time(121).releasedBy(ReleasedBy.RCU),
                        EventBuilder.reqs().kioctx(1).time(2120).releasedBy(ReleasedBy.HOLDER),
                        destroyExit(2130),
                        EventBuilder.free().kioctx(1).time(2150))
                .scan(3000, ScanGaps.NONE, live(3000).kioctx(2).handle(0x2000))
                .turn(4000, killEnter(3100).kioctx(2).handle(0x2000)));
        expect(
                recording,
                "# the one that ended",
                "trigger=destroy end=complete comm=fio max_reqs=128 outstanding=3 drain_ns=2000..2100 pid=7 result=0",
                "",
                "trigger=destroy end=in_progress result=null");
        assertThat(check(recording)).isEmpty();
        expect(
                recording,
                "trigger=destroy end=complete outstanding=4 drain_ns=1..20 unreaped=0..9",
                "end=unknown",
                "end=complete");
        assertThat(check(recording))
                .containsExactly(
                        "outstanding=4, but was 3",
                        "drain_ns=1..20, but was 2019",
                        "unreaped=0..9, but was null",
                        "end=unknown, but was in_progress",
                        "3 teardowns, but was 2");
    }

    /** All differences from the expectation file. */
    private static List<String> check(Path recording) throws IOException {
        Path file = recording.resolveSibling(recording.getFileName().toString().replaceAll("aioscope$", "expected"));
        List<String> lines = RecordedEvents.expectations(file);
        List<Teardown> teardowns = RecordedEvents.replay(recording);
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < Math.min(lines.size(), teardowns.size()); i++) {
            differences.addAll(RecordedEvents.differences(lines.get(i), teardowns.get(i)));
        }
        if (lines.size() != teardowns.size()) {
            differences.add(lines.size() + " teardowns, but was " + teardowns.size());
        }
        return differences;
    }

    private Path write(Scripted script) throws IOException {
        Path file = temp.resolve("6.1.aioscope");
        WallClock clock = new WallClock(() -> 10, () -> Instant.ofEpochSecond(1_800_000_000));
        try (Recorder recorder = new Recorder(Storage.file(file), clock);
                DutyCycle cycle = new DutyCycle(
                        recorder.record(script), new LifecycleListener() {}, clock, Duration.ofSeconds(1))) {
            cycle.run();
        }
        return file;
    }

    private static void expect(Path recording, String... lines) throws IOException {
        Files.write(recording.resolveSibling("6.1.expected"), List.of(lines));
    }

    private static EventBuilder live(long time) {
        return EventBuilder.liveContext()
                .time(time)
                .kioctx(1)
                .mm(9)
                .task(7, 7, "fio")
                .handle(0x1000)
                .size(128, 383);
    }

    private static EventBuilder killEnter(long time) {
        return EventBuilder.killEnter(Trigger.DESTROY)
                .time(time)
                .callTime(time - 1)
                .kioctx(1)
                .mm(9)
                .task(7, 8, "fio")
                .handle(0x1000)
                .size(128, 383)
                .requests(3, 3, Integer.MIN_VALUE, 0);
    }

    private static EventBuilder killExit(long time) {
        return EventBuilder.killExit()
                .time(time)
                .enterTime(time - 1)
                .kioctx(1)
                .mm(9)
                .task(7, 8, "fio");
    }

    private static EventBuilder destroyExit(long time) {
        return EventBuilder.destroyExit()
                .time(time)
                .enterTime(99)
                .mm(9)
                .handle(0x1000)
                .task(7, 8, "fio");
    }
}
