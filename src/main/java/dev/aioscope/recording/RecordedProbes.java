package dev.aioscope.recording;

import dev.aioscope.event.CorruptEventException;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventReader;
import dev.aioscope.event.TaskInTeardownEvent;
import dev.aioscope.event.UnsignedNumber;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Replays a recording in its order and with its times, so that a reader gets the same events as the original reader.
 *
 * <p>Its position is always before a record of the ring, a turn of the duty cycle or a scan. {@link #poll} moves to the next
 * turn or scan, {@link #await} past the beginning of a turn.
 */
public final class RecordedProbes implements Probes {
    private final Recording recording;
    private final Optional<Double> speed;
    private final boolean lingers;
    private final Blocks blocks;
    private final EventReader reader = new EventReader();
    private final ByteBuffer records;
    private final Semaphore woken = new Semaphore(0);
    private final long started = System.nanoTime();

    private @Nullable Item next;
    private long corrupt;
    private volatile long now;
    private volatile Quota quota;
    private volatile Losses recorded = new Losses(0, 0, 0, 0, null);
    private volatile long lost;

    /**
     * Opens the recording.
     *
     * @param speed a multiple of the original speed; empty for the maximum
     * @param lingers whether it stays open at its end
     */
    RecordedProbes(Recording recording, Optional<Double> speed, boolean lingers) throws IOException {
        this.recording = recording;
        this.speed = speed;
        this.lingers = lingers;
        this.blocks = new Blocks(Recording.channel(recording.file()));
        this.records = blocks.bytes().duplicate().order(recording.header().order());
        this.records.clear();
        this.now = recording.began();
        this.quota = new Quota(now, null, null);
        advance(false);
        if (next == Item.TIME) {
            turn();
        }
    }

    // ---- from item to item ----

    /** Moves to the next event, and applies the state items before it. */
    private void advance(boolean isInScan) {
        do {
            next = blocks.next();
            lost = blocks.lost();
        } while (next != null && isState(next, isInScan));
    }

    private void turn() {
        now = Math.max(now, blocks.number(0));
        advance(false);
    }

    private boolean isState(Item item, boolean isInScan) {
        switch (item) {
            case QUOTA -> quota = new Quota(blocks.number(0), unsigned(1), unsigned(2));
            case LOSSES ->
                recorded = new Losses(
                        blocks.number(0),
                        blocks.number(1),
                        blocks.number(4),
                        blocks.number(2),
                        known(blocks.number(3)));
            case HEADER -> {
                if (isOfAnotherRun()) {
                    next = null;
                    return false;
                }
            }
            case CLOCK, IDENTITY -> {} // Recording.open read them.
            case SCAN_RECORD, SCAN_END, SCAN_FAILED -> {
                return !isInScan; // The beginning of its scan is lost.
            }
            case TIME, RECORD, SCAN -> {
                return false;
            }
        }
        return true;
    }

    private boolean isOfAnotherRun() {
        return Header.parse(blocks.copy())
                .filter(found -> !found.equals(recording.header()))
                .isPresent();
    }

    private static @Nullable Long known(long number) {
        return number == Recorder.ABSENT ? null : (Long) number;
    }

    /** One of the two numbers of a quota, by its index. */
    private @Nullable BigInteger unsigned(int index) {
        return (blocks.number(3) & index) != 0 ? null : UnsignedNumber.of(blocks.number(index));
    }

    private void deliver(Consumer<Event> handler) {
        try {
            Event event = reader.read(records, blocks.at(), blocks.length());
            if (event instanceof TaskInTeardownEvent waiting) {
                waiting.forgetKernelFrames();
            }
            handler.accept(event);
        } catch (CorruptEventException e) {
            corrupt++;
        }
    }

    // ---- Probes ----

    @Override
    public String engine() {
        return recording.header().engine();
    }

    @Override
    public Tier tier() {
        return recording.tier();
    }

    @Override
    public HostInfo host() {
        return recording.host();
    }

    @Override
    public List<AttachPoint> attachPoints() {
        return List.of();
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public Quota quota() {
        return quota;
    }

    @Override
    public boolean isOver() {
        return next == null && !lingers;
    }

    @Override
    public boolean canWait() {
        return true;
    }

    @Override
    public boolean isScanDue(long at, long due) {
        return next == Item.SCAN;
    }

    @Override
    public void await(int timeoutMillis) {
        if (next == null) {
            // The time does not advance any more: avoid a busy loop.
            pause(TimeUnit.SECONDS.toNanos(1));
        } else if (next == Item.TIME) {
            long due = blocks.number(0);
            if (speed.isPresent()) {
                long elapsed = System.nanoTime() - started;
                pause((long) ((due - recording.began()) / speed.get()) - elapsed);
            }
            turn();
        }
    }

    private void pause(long nanos) {
        try {
            if (nanos > 0 && woken.tryAcquire(nanos, TimeUnit.NANOSECONDS)) {
                woken.release();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public int poll(Consumer<Event> handler, int limit) {
        int taken = 0;
        while (next == Item.RECORD && taken < limit) {
            deliver(handler);
            taken++;
            advance(false);
        }
        return taken;
    }

    @Override
    public void wakeup() {
        woken.release();
    }

    /** Does nothing: the scans in the recording contain the followed contexts. */
    @Override
    public void follow(Map<Long, Long> handles) {}

    /** Does nothing: the recording contains its completions. */
    @Override
    public boolean reportCompletions(boolean enabled) {
        return false;
    }

    @Override
    public ScanGaps inventory(Consumer<Event> handler) {
        int found = 0;
        for (advance(true); next == Item.SCAN_RECORD; advance(true)) {
            deliver(handler);
            found++;
        }
        if (next == Item.SCAN_FAILED) {
            String[] text = new String(blocks.copy(), StandardCharsets.UTF_8).split("\0", 2);
            advance(false);
            throw new ProbeException(text[0], text.length > 1 ? text[1] : "");
        }
        ScanGaps gaps = next == Item.SCAN_END ? gaps(found) : null;
        if (next == Item.SCAN_END) {
            advance(false);
        }
        if (gaps == null) {
            throw new ProbeException(
                    "cannot replay a scan: the recording lost a part of it", "continue; later scans are complete");
        }
        return gaps;
    }

    /** Null if the scan had more records than the recording. */
    private @Nullable ScanGaps gaps(int found) {
        ByteBuffer end = ByteBuffer.wrap(blocks.copy()).order(blocks.bytes().order());
        if (end.remaining() < 3 * Integer.BYTES || end.getInt() != found) {
            return null;
        }
        int unreadable = end.getInt();
        int partial = end.getInt();
        int held = end.remaining() / Integer.BYTES;
        if (unreadable < 0 || partial < 0 || unreadable > held || partial > held - unreadable) {
            return null;
        }
        return new ScanGaps(pids(end, unreadable), pids(end, partial), scope(end));
    }

    /** That of the host in recordings of earlier versions. */
    private static ScanGaps.Scope scope(ByteBuffer from) {
        int code = from.hasRemaining() ? from.get() : ScanGaps.Scope.HOST.code();
        return Stream.of(ScanGaps.Scope.values())
                .filter(scope -> scope.code() == code)
                .findFirst()
                .orElse(ScanGaps.Scope.NAMESPACE);
    }

    private static Set<Integer> pids(ByteBuffer from, int count) {
        Set<Integer> pids = new HashSet<>();
        for (int i = 0; i < count; i++) {
            pids.add(from.getInt());
        }
        return pids;
    }

    /** The recorded losses plus those of the recording; the recorded ones include corrupt records. */
    @Override
    public Losses losses() {
        return new Losses(
                recorded.ringFull(),
                recorded.mapFull(),
                recorded.identity(),
                Math.max(recorded.corrupt(), corrupt) + lost,
                recorded.missed());
    }

    @Override
    public void close() {
        try {
            blocks.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
