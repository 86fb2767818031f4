package dev.aioscope.backend;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.Trigger;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.LifecycleListener;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Recordings of scripted hosts, for the page. */
final class PageScenes {
    private static final long SECOND = 1_000_000_000L;

    /** An RCU grace period. */
    private static final long GRACE = 28_000_000;

    /** In {@code enum wait_reason} of {@code probes/event.h}. */
    private static final int WAITS_FOR_REQUESTS = 4;

    /** The number of the teardown that is stuck. */
    private static final int STUCK = 9999;

    /** A program of the incident: its contexts have this charge each. */
    private record Program(
            int pid, String comm, String path, String arguments, String user, String cgroup, int charge) {
        EventBuilder[] contexts(long time, int count) {
            return IntStream.range(0, count)
                    .mapToObj(i -> EventBuilder.liveContext()
                            .time(time)
                            .kioctx(pid * 1000L + i)
                            .mm(pid)
                            .task(pid, pid, comm)
                            .handle(handle(i))
                            .size(charge, charge * 2 - 1))
                    .toArray(EventBuilder[]::new);
        }

        private int thread(int number) {
            return number == STUCK ? pid + 7 : pid + 1;
        }

        private long handle(int number) {
            return 0x7f3a_0000_0000L + pid * 0x100_0000L + number * 0x1000L;
        }

        EventBuilder[] teardown(long time, int number, long drain) {
            EventBuilder[] events = Scripted.teardown(time, pid * 10_000 + number, drain);
            for (EventBuilder event : events) {
                event.mm(pid).task(pid, thread(number), comm);
            }
            int requests = number == STUCK ? 10 : 3;
            events[0].handle(handle(number)).requests(requests, requests, 0, 0);
            events[4].handle(handle(number));
            events[2].enterTime(time + GRACE).time(time + GRACE + 1000);
            return events;
        }

        /** What a scan finds of a teardown that waits for requests. */
        Stream<EventBuilder> stuck(long time) {
            return Stream.of(
                    EventBuilder.taskInTeardown(Trigger.DESTROY)
                            .time(time)
                            .mm(pid)
                            .task(pid, thread(STUCK), comm)
                            .handle(handle(STUCK)),
                    EventBuilder.teardownState(WAITS_FOR_REQUESTS)
                            .time(time)
                            .kioctx(pid * 10_000L + STUCK)
                            .mm(pid)
                            .task(pid, thread(STUCK), comm)
                            .left(0, 10));
        }

        Identity identity() {
            return new Identity(
                    comm,
                    path,
                    Stream.concat(Stream.of(path), Arrays.stream(arguments.split(" ", -1)))
                            .toList(),
                    false,
                    user,
                    null,
                    cgroup,
                    Namespaces.HOST);
        }
    }

    private static final List<Program> PROGRAMS = List.of(
            new Program(
                    2143,
                    "mysqld",
                    "/usr/sbin/mysqld",
                    "--defaults-file=/etc/mysql/orders.cnf",
                    "mysql",
                    "/system.slice/docker-7d1c5e90ab34f2681c0d9be35f47a682e3190cd45b76f8a1e2034c5d6b7a8f90.scope",
                    2661),
            new Program(
                    3310,
                    "qemu-system-x86",
                    "/usr/bin/qemu-system-x86_64",
                    "-name web1",
                    "libvirt-qemu",
                    "/machine.slice/machine-qemu-1-web1.scope",
                    1024),
            new Program(
                    1207,
                    "postgres",
                    "/usr/lib/postgresql/16/bin/postgres",
                    "-D /var/lib/postgresql/16/main",
                    "postgres",
                    "/system.slice/postgresql.service",
                    512),
            new Program(
                    980, "nginx", "/usr/sbin/nginx", "-g daemon off;", "www-data", "/system.slice/nginx.service", 256));

    private PageScenes() {}

    /**
     * Ten minutes of a database host: mysqld makes context after context, io_setup is refused to postgres, and an io_destroy
     * of mysqld waits for ten requests.
     */
    static Path incident(Path folder) throws IOException {
        Scripted script = new Scripted(Tier.FULL);
        Map<Integer, Long> used = new HashMap<>();
        long charge = 0;
        int turns = 0;
        int scans = 120;
        for (int i = 0; i < scans; i++) {
            long time = (1 + 5L * i) * SECOND;
            int[] counts = {4 + Math.min(16, i / 6), 4, 6 + Math.min(3, i / 40), 3};
            charge = 0;
            Stream<EventBuilder> live = Stream.of();
            for (int k = 0; k < counts.length; k++) {
                Program program = PROGRAMS.get(k);
                live = Stream.concat(live, Arrays.stream(program.contexts(time, counts[k])));
                charge += (long) counts[k] * program.charge;
            }
            if (i > scans - 5) {
                live = Stream.concat(live, PROGRAMS.get(0).stuck(time));
            }
            used.put(turns++, charge);
            script.scan(time, ScanGaps.NONE, live.toArray(EventBuilder[]::new));
            if (i == scans - 1) {
                break;
            }
            Program program = PROGRAMS.get(i % 3 == 0 ? 0 : i % 4 == 0 ? 1 : 2);
            long drain =
                    i % 25 == 7 ? 900_000_000L : i % 3 == 0 ? 180_000_000L + i * 1_234_567L : 31_000_000L + i * 91_237L;
            used.put(turns++, charge);
            script.turn(time + 2 * SECOND, program.teardown(time + SECOND, i, drain));
            if (i == scans - 5) {
                used.put(turns++, charge);
                script.turn(
                        time + 3 * SECOND,
                        Arrays.copyOf(PROGRAMS.get(0).teardown(time + 2 * SECOND, STUCK, SECOND), 3));
            }
            if (i == scans - 3) {
                used.put(turns++, charge);
                script.turn(time + 4 * SECOND, refused(time + 3 * SECOND, charge));
            }
        }
        used.put(turns, charge);
        script.turn((3 + 5L * (scans - 1)) * SECOND);
        script.aioNr(turn -> used.getOrDefault(turn, 0L));
        return record(script, folder, PROGRAMS.stream().collect(Collectors.toMap(Program::pid, Program::identity)));
    }

    private static EventBuilder refused(long time, long aioNr) {
        return EventBuilder.setup()
                .time(time)
                .enterTime(time - 1000)
                .mm(1207)
                .task(1207, 1207, "postgres")
                .handle(-1)
                .kioctx(0)
                .size(8192, 8192)
                .aioNr(aioNr)
                .aioMaxNr(65_536)
                .result(-11);
    }

    /** Scripted processes with this name, some stuck teardowns among others. */
    static Path of(Path folder, String comm, int teardowns, int contexts) throws IOException {
        Scripted script = new Scripted(Tier.FULL);
        EventBuilder[] live = IntStream.rangeClosed(1, contexts)
                .mapToObj(i -> live(SECOND, i, 100 + i % 50, comm))
                .toArray(EventBuilder[]::new);
        script.scan(SECOND, ScanGaps.NONE, live);
        for (int i = 1; i <= teardowns; i++) {
            long time = SECOND + i * 10_000_000L;
            long drain = i % 100 == 0 ? 2 * SECOND : 30_000_000L + i * 1237L % 9_000_000;
            script.turn(time + drain + 2000, Scripted.teardown(time, 100_000 + i, drain));
        }
        long end = SECOND + teardowns * 10_000_000L + 5 * SECOND;
        script.scan(end, ScanGaps.NONE, live).turn(end + SECOND);
        Identity identity = new Identity(
                comm,
                "/usr/bin/" + comm,
                List.of(comm, "--password=secret"),
                false,
                comm,
                null,
                "/" + comm,
                Namespaces.HOST);
        return record(
                script,
                folder,
                IntStream.range(100, 150).boxed().collect(Collectors.toMap(pid -> pid, pid -> identity)));
    }

    /** Records a script, slower and slower until the disk accepts all of it. */
    private static Path record(Scripted script, Path folder, Map<Integer, Identity> processes) throws IOException {
        WallClock clock = new WallClock(() -> SECOND, () -> Instant.parse("2026-01-02T03:04:05Z"));
        Duration pause = Duration.ZERO;
        while (true) {
            Path file = Files.createTempDirectory(folder, "scripted").resolve("host.aioscope");
            try (Recorder recorder = new Recorder(Storage.file(file), clock);
                    DutyCycle watch = new DutyCycle(
                            recorder.record(script.again(pause)),
                            new LifecycleListener() {},
                            clock,
                            Duration.ofSeconds(1))) {
                processes.forEach((pid, identity) -> recorder.onIdentity(new IdentityKey(pid, 0, pid), identity));
                watch.run();
                if (recorder.dropped() == 0) {
                    return file;
                }
            }
            pause = pause.multipliedBy(2).plusNanos(200_000);
        }
    }

    private static EventBuilder live(long time, int kioctx, int pid, String comm) {
        return EventBuilder.liveContext()
                .time(time)
                .kioctx(kioctx)
                .mm(pid)
                .task(pid, pid, comm.substring(0, Math.min(15, comm.length())))
                .handle(0x1000L * kioctx)
                .size(16, 383);
    }
}
