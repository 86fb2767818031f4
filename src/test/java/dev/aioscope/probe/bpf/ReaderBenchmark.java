package dev.aioscope.probe.bpf;

import dev.aioscope.event.Event;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.recording.Recording;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * The time per event of the reader: from the ring in memory through the decoder and the correlation. It repeats events of a
 * real kernel at later times. {@code packaging/benchmark} runs it; by hand:
 * {@code java -cp target/test-classes:target/classes:target/test-lib/* org.openjdk.jmh.Main ReaderBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "@agent/jvm.options")
public class ReaderBenchmark {
    private static final int EVENTS = 1 << 14;
    private static final int RECORD_HEADER = 8;
    private static final Path RECORDING = Path.of("src/test/resources/recorded/6.12.aioscope");

    private final ByteBuffer consumer = memory(Long.BYTES);
    private final ByteBuffer producer = memory(Long.BYTES);
    private RingBuffer ring = new RingBuffer(consumer, producer, memory(0));

    private static ByteBuffer memory(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    /** Fills the ring. */
    @Setup(Level.Trial)
    public void fill() throws IOException {
        Recording recording = Recording.open(RECORDING);
        List<ByteBuffer> records = new ArrayList<>();
        try (Probes probes = recording.replay(null, false)) {
            while (!probes.isOver()) {
                probes.await(0);
                while (probes.poll(event -> records.add(copy(event)), EVENTS) > 0) {}
                if (probes.isScanDue(0, 0)) {
                    probes.inventory(event -> {}); // Not part of the ring.
                }
            }
        }
        fill(records);
    }

    private static ByteBuffer copy(Event event) {
        ByteBuffer record = memory(event.type().size());
        event.copyTo(record);
        return record.flip();
    }

    private void fill(List<ByteBuffer> records) {
        long first = records.get(0).getLong(0);
        long last = records.get(records.size() - 1).getLong(0);
        int largest = records.stream().mapToInt(ByteBuffer::capacity).max().orElseThrow();
        int size = Integer.highestOneBit(EVENTS * (RECORD_HEADER + largest)) << 1;
        ByteBuffer data = memory(2 * size);
        for (int i = 0; i < EVENTS; i++) {
            ByteBuffer record = records.get(i % records.size());
            long later = i / records.size() * (last - first + 2 * Lifecycle.OVERDUE_NS);
            data.putInt(record.capacity()).putInt(0);
            for (int at = 0; at < record.capacity(); at += Long.BYTES) {
                long value = record.getLong(at);
                // No other number is as large as a time and no larger.
                data.putLong(value >= first && value <= last ? value + later : value);
            }
        }
        producer.putLong(0, data.position());
        ring = new RingBuffer(consumer, producer, data.rewind());
    }

    private void poll(Consumer<Event> handler) {
        consumer.putLong(0, 0);
        if (ring.poll(handler, EVENTS) != EVENTS || ring.corrupt() > 0) {
            throw new IllegalStateException("not all events were read");
        }
    }

    private void correlate(Blackhole teardowns) {
        LifecycleListener listener = new LifecycleListener() {
            @Override
            public void onTeardown(Teardown teardown) {
                teardowns.consume(teardown);
            }
        };
        poll(new Lifecycle(listener, Tier.FULL, Limits.DEFAULT)::accept);
    }

    /** Decodes only type and time. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void decoded(Blackhole times) {
        poll(event -> times.consume(event.time()));
    }

    /** Decoded and correlated, as the daemon's Java runs it. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void correlated(Blackhole teardowns) {
        correlate(teardowns);
    }

    /** The same with Java's second compiler, which the daemon does without. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    @Fork(
            value = 1,
            jvmArgsAppend = {"@agent/jvm.options", "-XX:TieredStopAtLevel=4"})
    public void correlatedByC2(Blackhole teardowns) {
        correlate(teardowns);
    }
}
