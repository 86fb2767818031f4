package dev.aioscope.recording;

import dev.aioscope.event.CorruptEventException;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventReader;
import dev.aioscope.event.TaskInTeardownEvent;
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
import org.jspecify.annotations.Nullable;

/**
 * Tells a recording again, in its order and with its times: whoever reads it sees what the one saw who recorded it.
 *
 * <p>It always stands before a record of the ring, a turn of the duty cycle or a look. {@link #poll} goes on to the next of
 * the latter two, {@link #await} over the beginning of a turn.
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
    private volatile Losses recorded = new Losses(0, 0, 0, null);
    private volatile long lost;

    /**
     * Begins to tell it.
     *
     * @param speed how many times faster than it happened; empty for as fast as can be
     * @param lingers whether it is never over, for one who looks at its end
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

    /** To the next item that happened, taking over what holds from here on. */
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
            case QUOTA -> quota = new Quota(blocks.number(0), known(blocks.number(1)), known(blocks.number(2)));
            case LOSSES ->
                recorded = new Losses(blocks.number(0), blocks.number(1), blocks.number(2), known(blocks.number(3)));
            case HEADER -> {
                if (isOfAnotherRun()) {
                    next = null;
                    return false;
                }
            }
            case CLOCK, IDENTITY -> {} // They were read when it was opened.
            case SCAN_RECORD, SCAN_END, SCAN_FAILED -> {
                return !isInScan; // Of a look whose beginning is lost.
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

    private void hand(Consumer<Event> handler) {
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
            // Time stands still: a look would be due in the same short while for ever.
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
            hand(handler);
            taken++;
            advance(false);
        }
        return taken;
    }

    @Override
    public void wakeup() {
        woken.release();
    }

    /** Which ones were followed is recorded with the looks. */
    @Override
    public void follow(Map<Long, Long> handles) {}

    /** They are told where they were recorded, whoever asks. */
    @Override
    public boolean reportCompletions(boolean wanted) {
        return false;
    }

    @Override
    public ScanGaps inventory(Consumer<Event> handler) {
        int found = 0;
        for (advance(true); next == Item.SCAN_RECORD; advance(true)) {
            hand(handler);
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
                    "the recording has lost a part of a look", "nothing: what was not recorded cannot be told");
        }
        return gaps;
    }

    /** Null if the look had more records than were found. */
    private @Nullable ScanGaps gaps(int found) {
        ByteBuffer end = ByteBuffer.wrap(blocks.copy()).order(blocks.bytes().order());
        if (end.remaining() < 3 * Integer.BYTES || end.getInt() != found) {
            return null;
        }
        int refused = end.getInt();
        int unfinished = end.getInt();
        int held = end.remaining() / Integer.BYTES;
        if (refused < 0 || unfinished < 0 || refused > held || unfinished > held - refused) {
            return null;
        }
        return new ScanGaps(pids(end, refused), pids(end, unfinished));
    }

    private static Set<Integer> pids(ByteBuffer from, int count) {
        Set<Integer> pids = new HashSet<>();
        for (int i = 0; i < count; i++) {
            pids.add(from.getInt());
        }
        return pids;
    }

    /** What was lost by then, and what the recording has lost; a corrupt record was counted when it was recorded. */
    @Override
    public Losses losses() {
        return new Losses(
                recorded.ringFull(),
                recorded.mapFull(),
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
