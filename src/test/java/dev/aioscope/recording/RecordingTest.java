package dev.aioscope.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.event.EventBuilder;
import dev.aioscope.host.Identity;
import dev.aioscope.host.KubernetesNames;
import dev.aioscope.host.Namespaces;
import dev.aioscope.host.Processes;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RecordingTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long BOOT = 1_800_000_000L * SECOND;
    private static final Identity DB = new Identity(
            "db_main",
            "/usr/bin/db",
            List.of("db", "--port", "1"),
            false,
            "mysql",
            "mysql",
            "/system.slice/db.service",
            Namespaces.HOST,
            new KubernetesNames("containerd", null, "shop", "db-0", "engine"));

    @TempDir
    private Path folder;

    private long jump;

    private WallClock clock() {
        return new WallClock(() -> SECOND, () -> Instant.ofEpochSecond(0, BOOT + SECOND));
    }

    private static EventBuilder live(long time, int kioctx) {
        return EventBuilder.liveContext()
                .time(time)
                .kioctx(kioctx)
                .mm(9)
                .task(7, 7, "db")
                .handle(0x1000L * kioctx)
                .size(128, 383);
    }

    private static EventBuilder setup(long time, int kioctx) {
        return EventBuilder.setup()
                .time(time)
                .enterTime(time - 5)
                .kioctx(kioctx)
                .mm(9)
                .task(7, 7, "db")
                .handle(0x1000L * kioctx);
    }

    private static EventBuilder rejection(long time) {
        return EventBuilder.setup()
                .time(time)
                .enterTime(time - 5)
                .mm(9)
                .task(7, 7, "db")
                .result(-11);
    }

    /** Contains each kind of item. */
    private Scripted script() {
        Scripted script = new Scripted(Tier.FULL)
                .losses(new Losses(3, 0, 0, 1, null))
                .scan(
                        SECOND,
                        new ScanGaps(Set.of(33, 44), Set.of(55), ScanGaps.Scope.NAMESPACE),
                        live(SECOND, 1),
                        live(SECOND, 2))
                .turn(2 * SECOND, setup(2 * SECOND - 7, 3), setup(2 * SECOND - 5, 4))
                .failingScan(3 * SECOND, new ProbeException("cannot scan", "scan elsewhere"), live(3 * SECOND, 1));
        long now = 3 * SECOND;
        for (int i = 0; i < 400; i++) {
            now += SECOND / 50;
            script.turn(now, setup(now - 10_000, 10 + i)).turn(now + 5000, Scripted.teardown(now, 10 + i, 2000));
        }
        return script.turn(now + SECOND, rejection(now + SECOND - 9))
                // More pids than fit into a block.
                .scan(
                        now + 2 * SECOND,
                        ScanGaps.NONE,
                        IntStream.range(2, 3000)
                                .mapToObj(i -> live(script.now(), i))
                                .toArray(EventBuilder[]::new))
                .turn(now + 3 * SECOND);
    }

    private String record(Path file, Scripted script) throws IOException {
        WallClock clock = clock();
        try (Recorder recorder = new Recorder(Storage.file(file), clock);
                Processes processes = Processes.fromRecording(false)) {
            processes.remember(new IdentityKey(7, 0, 9), DB);
            recorder.onIdentity(new IdentityKey(7, 0, 9), DB);
            return ReplayResult.of(
                    recorder.record(script),
                    clock,
                    processes,
                    new LifecycleListener() {},
                    cycle -> clock.sample(5 * SECOND, BOOT + jump + 5 * SECOND));
        }
    }

    @Test
    void replaysQuotaOfEverySizeAndUnknownQuota() throws IOException {
        Quota unlimited = new Quota(SECOND, BigInteger.ONE.shiftLeft(63), new BigInteger("18446744073709551615"));
        Quota unknown = new Quota(SECOND, null, null);
        assertThat(replayed(unlimited)).isEqualTo(unlimited);
        assertThat(replayed(unknown)).isEqualTo(unknown);
        assertThat(replayed(new Quota(SECOND, BigInteger.ZERO, null)))
                .isEqualTo(new Quota(SECOND, BigInteger.ZERO, null));
    }

    private Quota replayed(Quota quota) throws IOException {
        Path file = folder.resolve("quota");
        Files.deleteIfExists(file);
        record(
                file,
                new Scripted(Tier.FULL).quota(quota).scan(SECOND, ScanGaps.NONE).turn(2 * SECOND));
        try (Probes probes = Recording.open(file).replay(null, false)) {
            probes.inventory(event -> {});
            return probes.quota();
        }
    }

    @Test
    void replaysRecordedEvents() throws IOException {
        jump = 3600 * SECOND;
        Path file = folder.resolve("a");
        String expected = record(file, script());

        assertThat(Replays.outcome(file)).isEqualTo(expected);
        assertThat(expected)
                .contains("span io_destroy ", "db.service", "error.type=EAGAIN")
                .contains("aio_context_active{process_executable_name=\"db\",systemd_unit_name=\"db.service\"} 2998")
                .contains("span io_destroy/drain/wait for requests ");
        Recording recording = Recording.open(file);
        assertThat(recording.losses()).isEmpty();
        assertThat(recording.host()).isEqualTo(script().host());
        assertThat(recording.clock().epochNanos(SECOND)).isEqualTo(BOOT + SECOND);
        assertThat(recording.clock().epochNanos(7 * SECOND)).isEqualTo(BOOT + jump + 7 * SECOND);
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void replaysItemsInOrder() throws IOException {
        Path file = folder.resolve("a");
        record(file, script());

        try (Probes probes = Recording.open(file).replay(null, false)) {
            assertThat(probes.now()).isEqualTo(SECOND);
            assertThat(probes.isScanDue(0, Long.MAX_VALUE)).isTrue();
            List<Long> found = new ArrayList<>();
            assertThat(probes.inventory(event -> found.add(event.kioctx())))
                    .isEqualTo(new ScanGaps(Set.of(33, 44), Set.of(55), ScanGaps.Scope.NAMESPACE));
            assertThat(found).containsExactly(1L, 2L);
            assertThat(probes.poll(event -> {}, 10)).isZero();
            assertThat(probes.quota())
                    .isEqualTo(new Quota(SECOND + 1, BigInteger.valueOf(4711L), BigInteger.valueOf(65_536)));
            probes.await(0);
            assertThat(probes.now()).isEqualTo(2 * SECOND);
            assertThat(probes.isScanDue(Long.MAX_VALUE, 0)).isFalse();
            assertThat(probes.poll(event -> found.add(event.kioctx()), 1)).isEqualTo(1);
            assertThat(probes.poll(event -> found.add(event.kioctx()), 10)).isEqualTo(1);
            assertThat(found).containsExactly(1L, 2L, 3L, 4L);
            assertThat(probes.losses()).isEqualTo(new Losses(3, 0, 0, 1, null));
            probes.await(0);
            assertThatThrownBy(() -> probes.inventory(event -> {}))
                    .isInstanceOf(ProbeException.class)
                    .hasMessage("cannot scan");
            assertThat(probes.isOver()).isFalse();
        }
    }

    @Test
    void replaysIdentities() throws IOException {
        Path file = folder.resolve("a");
        record(file, script());
        Task task = new Task(7, 7, "db", 0, 0);

        assertThat(Recording.open(file).processes(false).of(task, 9)).isEqualTo(DB);
        assertThat(Recording.open(file).processes(true).of(task, 9)).isEqualTo(DB.withoutArguments());
        assertThat(Recording.open(file).processes(false).of(new Task(1, 1, "init", 0, 0), 5))
                .isEqualTo(Identity.UNKNOWN);
    }

    @Test
    void truncatesLongCommandLine() {
        Identity identity = new Identity(
                null,
                "/bin/x",
                List.of("x", "y".repeat(6000), "z".repeat(6000)),
                true,
                null,
                null,
                null,
                Namespaces.HOST);
        byte[] item = new IdentityItem(new IdentityKey(1, 2, 3), identity).bytes();

        assertThat(IdentityItem.parse(ByteBuffer.wrap(item).order(ByteOrder.LITTLE_ENDIAN)))
                .contains(new IdentityItem(
                        new IdentityKey(1, 2, 3),
                        new Identity(
                                null,
                                "/bin/x",
                                List.of("x", "y".repeat(6000)),
                                true,
                                null,
                                null,
                                null,
                                Namespaces.HOST)));
    }

    @Test
    void replaysConcatenatedPartsOfOneRun() throws IOException {
        Path file = folder.resolve("a");
        String expected = record(file, script());
        byte[] bytes = Files.readAllBytes(file);
        byte[] twice = Arrays.copyOf(bytes, 2 * bytes.length);
        System.arraycopy(bytes, 0, twice, bytes.length, bytes.length);
        Files.write(file, twice);

        assertThat(Replays.outcome(file).lines().filter(line -> line.startsWith("span")))
                .containsExactlyElementsOf(
                        expected.lines().filter(line -> line.startsWith("span")).toList());
    }

    @Test
    void rejectsFileThatIsNotRecording() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "not a recording".repeat(1000));
        assertThatThrownBy(() -> Recording.open(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a recording of aioscope");
        assertThatThrownBy(() -> Recording.open(Files.createFile(folder.resolve("empty"))))
                .hasMessageContaining("not a recording of aioscope");
        assertThatThrownBy(() -> Storage.file(file)).isInstanceOf(FileAlreadyExistsException.class);
    }

    /** A damaged file is read to its end, without invented records, and its losses are reported. */
    @Test
    void skipsAndReportsDamage() throws IOException {
        Path file = folder.resolve("a");
        record(file, script());
        byte[] whole = Files.readAllBytes(file);
        List<String> lines = lines(Recording.open(file));
        Set<String> all = Set.copyOf(lines);
        int usable = 0;
        for (int seed = 0; seed < 120; seed++) {
            Files.write(file, damaged(whole, new Random(seed)));
            Recording recording;
            try {
                recording = Recording.open(file);
            } catch (IOException e) {
                assertThat(e).as("seed %d", seed).hasMessageContaining("not a recording of aioscope");
                continue;
            }
            usable++;
            List<String> remaining = lines(recording);
            assertThat(all.containsAll(remaining)).as("seed %d", seed).isTrue();
            if (!remaining.equals(lines)) {
                assertThat(recording.losses()).as("seed %d", seed).isNotEmpty();
            }
            if (seed % 10 == 0) {
                assertThat(Replays.outcome(file)).contains("Verdict[");
            }
        }
        // In about half of these small files the damage hits the first block, and nothing remains.
        assertThat(usable).isGreaterThan(30);
    }

    private static byte[] damaged(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        for (int n = random.nextInt(4); n > 0; n--) {
            int at = random.nextInt(bytes.length);
            int end = Math.min(bytes.length, at + 1 + random.nextInt(random.nextBoolean() ? 4 : 5000));
            switch (random.nextInt(3)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> Arrays.fill(bytes, at, end, (byte) random.nextInt(256));
                default -> System.arraycopy(whole, random.nextInt(whole.length - (end - at) + 1), bytes, at, end - at);
            }
        }
        return random.nextBoolean() ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
    }

    /** All records of the ring as text. */
    private static List<String> lines(Recording recording) throws IOException {
        List<String> lines = new ArrayList<>();
        try (Probes probes = recording.replay(null, false)) {
            while (!probes.isOver()) {
                probes.await(0);
                probes.poll(event -> lines.add(event.type() + " " + event.time() + " " + event.kioctx()), 1000);
                if (probes.isScanDue(0, 0)) {
                    try {
                        probes.inventory(event -> {});
                    } catch (ProbeException e) {
                        assertThat(e.hint()).isNotEmpty();
                    }
                }
            }
        }
        return lines;
    }

    @Test
    void countsDropsAndContinuesWhenDiskIsFull() throws IOException {
        String recorded;
        Recorder recorder =
                new Recorder(Storage.to(FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)), clock());
        try (recorder;
                Processes processes = Processes.fromRecording(false)) {
            recorded = ReplayResult.of(
                    recorder.record(script()), clock(), processes, new LifecycleListener() {}, cycle -> {});
        }
        assertThat(recorded).contains("span io_destroy ");
        // Four setups or refusals, then 400 times a setup and six records of a teardown.
        assertThat(recorder.dropped()).isEqualTo(3 + 400 * 7);
        assertThat(recorder.isComplete()).isFalse();
    }

    @Test
    void countsEachDroppedIdentity() throws Exception {
        int many = 1000;
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Identity large =
                new Identity(null, "/bin/x", List.of("x", "y".repeat(4000)), false, null, null, null, Namespaces.HOST);
        // A full pipe (64 KiB) blocks its writer like a hung disk.
        FileChannel disk = FileChannel.open(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Recorder recorder = new Recorder(Storage.to(disk), clock());
        try (recorder) {
            for (int pid = 0; pid < many; pid++) {
                recorder.onIdentity(new IdentityKey(pid, 0, pid), large);
            }
            assertThat(recorder.dropped()).isBetween(many / 2L, many - 1L);
            disk.close();
        }
        assertThat(recorder.dropped()).isEqualTo(many);
    }
}
