package dev.aioscope.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RingTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int SIZE = 8 << 20;
    private static final Identity DB =
            new Identity(null, "/usr/bin/db", List.of("db"), false, "mysql", null, "/db", Namespaces.HOST);

    @TempDir
    private Path folder;

    private final WallClock clock = new WallClock(() -> SECOND, () -> Instant.ofEpochSecond(1_800_000_000));

    private List<Path> files(String prefix) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .sorted()
                    .toList();
        }
    }

    private static long size(List<Path> files) throws IOException {
        long size = 0;
        for (Path file : files) {
            size += Files.size(file);
        }
        return size;
    }

    /** Records turns of 100 setups each, and returns the number after the last setup. */
    private long fill(Recorder recorder, Probes probes, long from, int turns) throws InterruptedException {
        long number = from;
        for (int turn = 0; turn < turns; turn++) {
            for (int i = 0; i < 100; i++) {
                var record = EventBuilder.setup()
                        .time(number)
                        .kioctx(number)
                        .task(7, 7, "db")
                        .build();
                recorder.event(Event.of(record, 0, record.capacity()));
                number++;
            }
            recorder.time((turn + 2) * SECOND);
            // Waits for the disk, so no record is dropped.
            while (recorder.waiting() > 8) {
                Thread.onSpinWait();
            }
        }
        assertThat(probes.tier()).isEqualTo(Tier.FULL);
        return number;
    }

    private static List<Long> replay(Path file) throws IOException {
        List<Long> replayed = new ArrayList<>();
        Recording recording = Recording.open(file);
        assertThat(recording.losses()).isEmpty();
        assertThat(recording.processes(false).of(new Task(7, 7, "db", 0, 0), 9)).isEqualTo(DB);
        try (Probes probes = recording.replay(null, false)) {
            while (!probes.isOver()) {
                probes.await(0);
                probes.poll(event -> replayed.add(event.kioctx()), 10_000);
            }
        }
        return replayed;
    }

    @Test
    void keepsLatestRecordsInBoundedFilesAndSnapshots() throws Exception {
        Scripted probes = new Scripted(Tier.FULL).turn(SECOND);
        long last;
        try (Recorder recorder = new Recorder(Storage.ring(folder, SIZE), clock)) {
            recorder.record(probes);
            recorder.onIdentity(new IdentityKey(7, 0, 9), DB);
            last = fill(recorder, probes, 1, 1500);
            assertThat(recorder.dropped()).isZero();
            assertThat(size(files("ring-"))).isBetween(SIZE * 6L / 8, (long) SIZE);

            for (int i = 0; i < 2 + Storage.SNAPSHOTS; i++) {
                // The queue then has room for a snapshot in this turn.
                Await.until("the disk", () -> recorder.waiting() == 0);
                recorder.snapshot("refusal");
                last = fill(recorder, probes, last, 1);
            }
        }
        List<Path> snapshots = files("snapshot-");
        assertThat(snapshots).hasSize(Storage.SNAPSHOTS);
        assertThat(snapshots.get(0).getFileName().toString()).endsWith("-refusal.aioscope");
        List<Long> replayed = replay(snapshots.get(snapshots.size() - 1));
        assertThat(replayed).hasSizeGreaterThan(30_000);
        long first = replayed.get(0);
        for (int i = 0; i < replayed.size(); i++) {
            assertThat(replayed.get(i)).isEqualTo(first + i);
        }
        assertThat(replayed.get(replayed.size() - 1)).isEqualTo(last - 1);
    }

    @Test
    void ordersStampsOfOneSecondByTime() {
        assertThat(Storage.stamp(Instant.ofEpochMilli(1_800_000_000_000L)))
                .isEqualTo("2027-01-15T08-00-00.000Z")
                .isLessThan(Storage.stamp(Instant.ofEpochMilli(1_800_000_000_001L)));
    }

    @Test
    void continuesRingOfEarlierRunWithoutItInSnapshots() throws Exception {
        for (int run = 0; run < 2; run++) {
            Scripted probes = new Scripted(Tier.FULL).turn(SECOND + run);
            try (Recorder recorder = new Recorder(Storage.ring(folder, SIZE), clock)) {
                recorder.record(probes);
                recorder.onIdentity(new IdentityKey(7, 0, 9), DB);
                fill(recorder, probes, 1000L * (run + 1), 2);
                recorder.snapshot("stuck");
            }
        }
        assertThat(files("ring-")).hasSize(2);
        assertThat(replay(files("snapshot-").get(1))).hasSize(200).first().isEqualTo(2000L);
    }

    @Test
    void ordersFilesAfterEarlierRunsWhenClockIsSetBack() throws Exception {
        Path earlier = Files.createFile(folder.resolve("ring-2999-12-31T23-59-58.500Z.aioscope"));
        Path set = Files.createFile(folder.resolve("snapshot-2999-12-31T23-59-58.600Z-stuck.aioscope"));
        Scripted probes = new Scripted(Tier.FULL).turn(SECOND);
        try (Recorder recorder = new Recorder(Storage.ring(folder, SIZE), clock)) {
            recorder.record(probes);
            recorder.onIdentity(new IdentityKey(7, 0, 9), DB);
            fill(recorder, probes, 1000, 2);
            recorder.snapshot("stuck");
        }
        assertThat(files("ring-")).hasSize(2).first().isEqualTo(earlier);
        assertThat(files("snapshot-")).hasSize(2).first().isEqualTo(set);
        Files.createFile(folder.resolve("ring-2026-13-01T00-00-00Z.aioscope"));
        assertThatThrownBy(() -> Storage.ring(folder, SIZE))
                .isInstanceOf(IOException.class)
                .hasMessageEndingWith("invalid time in its name (hint: move it away)");
    }

    @Test
    void rejectsSecondRingInSameDirectory() throws IOException {
        try (Recorder recorder = new Recorder(Storage.ring(folder, SIZE), clock)) {
            assertThatThrownBy(() -> Storage.ring(folder, SIZE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("already in use");
            assertThat(recorder.snapshots()).isZero();
        }
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> Storage.ring(file.resolve("x"), SIZE)).isInstanceOf(IOException.class);
    }
}
