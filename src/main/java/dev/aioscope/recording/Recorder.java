package dev.aioscope.recording;

import dev.aioscope.event.Event;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Processes;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a recording. The thread that reads the probes fills blocks in memory; another thread writes them to disk. Without a
 * free block it drops and counts records; it never blocks the reader.
 */
public final class Recorder implements Processes.Observer, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Recorder.class);

    /** 1 MiB in total: some milliseconds of the busiest ring, or a second of a busy host. */
    private static final int BLOCKS = 16;

    /** Room in the queue for other tasks than blocks. */
    private static final int OTHERS = 64;

    private static final long FLUSH_NANOS = 1_000_000_000L;
    private static final long PATIENCE_MILLIS = 10_000;

    /** A task for the thread that writes. */
    private interface DiskTask {
        void run() throws IOException;
    }

    private final Storage storage;
    private final WallClock clock;
    private final BlockingQueue<ByteBuffer> free = new ArrayBlockingQueue<>(BLOCKS);
    private final BlockingQueue<DiskTask> waiting = new ArrayBlockingQueue<>(BLOCKS + OTHERS);
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong snapshots = new AtomicLong();
    private final AtomicReference<@Nullable String> asked = new AtomicReference<>();
    private final Worker worker;
    private volatile boolean isClosed;

    // The fields below belong to the thread that reads the probes.
    private @Nullable ByteBuffer block;
    private int allocated;
    private long records;
    private int scanRecords;
    private long flushed;
    private @Nullable Losses losses;
    private @Nullable Long offset;
    private long offsetFrom;

    // The fields below belong to the thread that writes.
    private volatile String lastFailure = "";

    /**
     * Starts the thread that writes.
     *
     * @param storage the destination; {@link #close} closes it
     * @param clock its offsets become part of the recording
     */
    public Recorder(Storage storage, WallClock clock) {
        this.storage = storage;
        this.clock = clock;
        this.worker = Worker.startBlocking("recorder", this::write);
    }

    /** Wraps probes to record everything that they return. One thread reads them. */
    public Probes record(Probes probes) {
        storage.begin(Header.of(probes).bytes());
        return new RecordingProbes(probes, this);
    }

    // ---- on the thread that reads the probes ----

    void time(long now) {
        long mapping = clock.offsetAt(now);
        if (offset == null || mapping != offset) {
            offset = mapping;
            offsetFrom = now;
            put(Item.CLOCK, now, mapping);
        }
        put(Item.TIME, now);
        if (now - flushed >= FLUSH_NANOS || asked.get() != null) {
            flushed = now;
            handOver();
            handOverSnapshot();
        }
    }

    void event(Event event) {
        int size = event.size();
        ByteBuffer to = room(size);
        if (to == null) {
            dropped.incrementAndGet();
        } else {
            event.copyTo(Block.item(to, Item.RECORD, size));
            Block.count(to);
        }
        records++;
    }

    void scanBegins() {
        scanRecords = 0;
        put(Item.SCAN);
    }

    void scanEvent(Event event) {
        int size = event.size();
        ByteBuffer to = room(size);
        if (to != null) {
            event.copyTo(Block.item(to, Item.SCAN_RECORD, size));
        }
        scanRecords++;
    }

    /** Omits the item if it has more pids than fit into a block: a replay then treats the scan as failed. */
    void scanEnds(ScanGaps gaps) {
        int length = (3 + gaps.unreadable().size() + gaps.partial().size()) * Integer.BYTES + 1;
        ByteBuffer to = length > Block.MAX_CONTENT ? null : room(length);
        if (to != null) {
            Block.item(to, Item.SCAN_END, length)
                    .putInt(scanRecords)
                    .putInt(gaps.unreadable().size())
                    .putInt(gaps.partial().size());
            putAll(to, gaps.unreadable());
            putAll(to, gaps.partial());
            to.put(gaps.scope().code());
        }
    }

    private static void putAll(ByteBuffer to, Set<Integer> pids) {
        pids.forEach(to::putInt);
    }

    void scanFailed(ProbeException failure) {
        byte[] text = (failure.getMessage() + '\0' + failure.hint()).getBytes(StandardCharsets.UTF_8);
        int length = Math.min(text.length, Block.MAX_CONTENT);
        ByteBuffer to = room(length);
        if (to != null) {
            Block.item(to, Item.SCAN_FAILED, length).put(text, 0, length);
        }
    }

    void quota(Quota quota) {
        BigInteger used = quota.aioNr();
        BigInteger limit = quota.aioMaxNr();
        int unknown = (used == null ? 1 : 0) | (limit == null ? 2 : 0);
        put(Item.QUOTA, quota.time(), bits(used), bits(limit), unknown);
    }

    private static long bits(@Nullable BigInteger number) {
        return number == null ? 0 : number.longValue();
    }

    void losses(Losses now) {
        if (!now.equals(losses)) {
            losses = now;
            put(Item.LOSSES, numbers(now));
        }
    }

    private static long[] numbers(Losses losses) {
        return new long[] {
            losses.ringFull(), losses.mapFull(), losses.corrupt(), orAbsent(losses.missed()), losses.identity()
        };
    }

    static final long ABSENT = -1;

    private static long orAbsent(@Nullable Long number) {
        return number == null ? ABSENT : number;
    }

    private void put(Item item, long... content) {
        ByteBuffer to = room(content.length * Long.BYTES);
        if (to != null) {
            put(to, item, content);
        }
    }

    private static void put(ByteBuffer to, Item item, long... content) {
        Block.item(to, item, content.length * Long.BYTES);
        for (long number : content) {
            to.putLong(number);
        }
    }

    /** A block with room for an item of this length; null if all blocks wait for the disk. */
    private @Nullable ByteBuffer room(int length) {
        ByteBuffer current = block;
        if (current != null && current.remaining() < Block.ITEM_HEADER + length) {
            handOver();
            current = null;
        }
        if (current == null) {
            current = free.poll();
            if (current == null && allocated < BLOCKS) {
                allocated++;
                current = Block.allocate(Block.SIZE);
            }
            if (current == null) {
                return null;
            }
            block = Block.begin(current, records);
            repeat(current);
        }
        return current;
    }

    /** Repeats state from earlier blocks, in case these are lost. */
    private void repeat(ByteBuffer to) {
        if (offset != null) {
            put(to, Item.CLOCK, offsetFrom, offset);
        }
        if (losses != null) {
            put(to, Item.LOSSES, numbers(losses));
        }
    }

    private void handOver() {
        ByteBuffer done = block;
        if (done != null) {
            block = null;
            // There is room: the number of blocks is limited, and other tasks have their own room.
            waiting.add(() -> {
                try {
                    writeBlock(done);
                } finally {
                    free.add(done);
                }
            });
        }
    }

    private void handOverSnapshot() {
        String reason = asked.getAndSet(null);
        if (reason != null
                && !offer(() -> {
                    if (storage.snapshot(reason)) {
                        snapshots.incrementAndGet();
                    }
                })) {
            asked.compareAndSet(null, reason);
        }
    }

    /** Queues a task if that leaves room for all blocks; returns whether it did. Callable from any thread. */
    private boolean offer(DiskTask task) {
        synchronized (waiting) {
            return waiting.remainingCapacity() > BLOCKS && waiting.add(task);
        }
    }

    // ---- from any thread ----

    @Override
    public void onIdentity(IdentityKey process, Identity identity) {
        byte[] item = new IdentityItem(process, identity).bytes();
        if (!offer(() -> writeIdentity(item))) {
            dropped.incrementAndGet();
        }
    }

    /**
     * Requests a snapshot: a copy of the ring with all records up to now, written asynchronously.
     *
     * @param reason a word for the name of the file
     */
    public void snapshot(String reason) {
        asked.compareAndSet(null, reason);
    }

    /** Records and identities that were not written, as the disk was too slow or failed. */
    public long dropped() {
        return dropped.get();
    }

    /** Whether no write failed and nothing was dropped. */
    public boolean isComplete() {
        return dropped() == 0 && lastFailure.isEmpty();
    }

    /** Number of snapshots so far. */
    public long snapshots() {
        return snapshots.get();
    }

    /** Number of tasks that wait for the disk. */
    int waiting() {
        return waiting.size();
    }

    // ---- on the thread that writes ----

    private void write(Worker self) throws InterruptedException {
        self.idle();
        DiskTask task = isClosed ? waiting.poll() : waiting.take();
        self.busy();
        if (task == null) {
            attempt(storage::close);
            throw new InterruptedException("closed and empty");
        }
        attempt(task);
    }

    private void attempt(DiskTask task) {
        try {
            task.run();
        } catch (IOException e) {
            // Continue: the disk may have space again later.
            String failure = String.valueOf(e.getMessage());
            if (!failure.equals(lastFailure)) {
                lastFailure = failure;
                LOG.warn("Recording has a gap: {}", failure);
            }
        }
    }

    private void writeBlock(ByteBuffer done) throws IOException {
        Block.seal(done);
        writeOrCount(() -> storage.write(done), Block.records(done, 0));
    }

    private void writeIdentity(byte[] item) throws IOException {
        writeOrCount(() -> storage.identity(item), 1);
    }

    /** Counts what a failure of any kind leaves unwritten. */
    private void writeOrCount(DiskTask write, int records) throws IOException {
        boolean isWritten = false;
        try {
            write.run();
            isWritten = true;
        } finally {
            if (!isWritten) {
                dropped.addAndGet(records);
            }
        }
    }

    /** Writes the rest, for at most ten seconds. Call it after the last record. */
    @Override
    public void close() {
        handOver();
        handOverSnapshot();
        isClosed = true;
        waiting.offer(() -> {}); // It may wait for work. If there is no room for this, it does not.
        worker.join(PATIENCE_MILLIS);
        worker.close();
    }
}
