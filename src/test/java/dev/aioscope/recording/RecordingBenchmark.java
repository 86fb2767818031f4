package dev.aioscope.recording;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * Records per second of CPU time, recorded by the thread that reads the ring, and replayed through the correlation. It
 * repeats the seven records of a context from setup to free. Run it by hand, with the options of {@code agent/aioscope}: {@code java -XX:TieredStopAtLevel=1 -Xmx64m -cp ... dev.aioscope.recording.RecordingBenchmark}.
 */
final class RecordingBenchmark {
    private static final int CONTEXTS = 1_000_000;
    private static final int PER_TURN = 100;
    private static final int ROUNDS = 5;
    private static final long MILLISECOND = 1_000_000;

    private RecordingBenchmark() {}

    /** Prints the best of several rounds. */
    public static void main(String[] arguments) throws IOException {
        Path file = Files.createTempFile("benchmark", ".aioscope");
        try {
            double recorded = 0;
            double replayed = 0;
            for (int round = 0; round < ROUNDS; round++) {
                Files.delete(file);
                recorded = Math.max(recorded, record(file));
                replayed = Math.max(replayed, replay(file));
            }
            System.out.printf(
                    "recorded: %.2f million records/s, replayed: %.2f million records/s, %d bytes each%n",
                    recorded / 1e6, replayed / 1e6, Files.size(file) / (7L * CONTEXTS));
        } finally {
            Files.delete(file);
        }
    }

    private static List<ByteBuffer> records() {
        return Stream.of(
                        EventBuilder.setup().kioctx(1).mm(9).task(7, 7, "db").handle(0x1000),
                        EventBuilder.killEnter(Trigger.DESTROY)
                                .kioctx(1)
                                .mm(9)
                                .task(7, 7, "db")
                                .handle(0x1000)
                                .size(128, 383),
                        EventBuilder.killExit().kioctx(1).mm(9).task(7, 7, "db"),
                        EventBuilder.users().kioctx(1).releasedBy(ReleasedBy.RCU),
                        EventBuilder.reqs().kioctx(1).releasedBy(ReleasedBy.RCU),
                        EventBuilder.destroyExit().mm(9).handle(0x1000).task(7, 7, "db"),
                        EventBuilder.free().kioctx(1))
                .map(EventBuilder::build)
                .toList();
    }

    private static double record(Path file) throws IOException {
        WallClock clock = new WallClock(() -> 1, () -> Instant.ofEpochSecond(1_800_000_000));
        List<ByteBuffer> records = records();
        List<Event> events = records.stream()
                .map(record -> Event.of(record, 0, record.capacity()))
                .toList();
        long waited = 0;
        long begin = cpuNanos();
        try (Recorder recorder = new Recorder(Storage.file(file), clock)) {
            recorder.record(new Scripted(Tier.FULL).turn(1));
            long time = 1;
            for (int context = 0; context < CONTEXTS; context++) {
                for (int i = 0; i < events.size(); i++) {
                    records.get(i).putLong(0, ++time);
                    recorder.event(events.get(i));
                }
                if (context % PER_TURN == 0) {
                    time += MILLISECOND;
                    recorder.time(time);
                    long full = cpuNanos();
                    while (recorder.waiting() > 8) {
                        Thread.onSpinWait(); // Excludes the time of the disk.
                    }
                    waited += cpuNanos() - full;
                }
            }
            if (recorder.dropped() > 0) {
                throw new IllegalStateException(recorder.dropped() + " records were dropped");
            }
            return 7e9 * CONTEXTS / (cpuNanos() - begin - waited);
        }
    }

    /** CPU time of this thread, because the machine may be shared. */
    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static double replay(Path file) throws IOException {
        long begin = cpuNanos();
        Recording recording = Recording.open(file);
        try (DutyCycle cycle = new DutyCycle(
                recording.replay(null, false), new LifecycleListener() {}, recording.clock(), Duration.ofSeconds(1))) {
            cycle.run();
            if (cycle.stats().events() != 7L * CONTEXTS) {
                throw new IllegalStateException(cycle.stats().toString());
            }
            return cycle.stats().events() * 1e9 / (cpuNanos() - begin);
        }
    }
}
