package dev.aioscope.kernel;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Turns the kernel's CLOCK_BOOTTIME into time since the epoch. The difference of the two clocks is constant, through
 * suspend and NTP slewing too, until somebody sets the real-time clock; then it jumps. Offsets that held earlier are
 * kept, so that what began before the jump keeps the time it had then.
 *
 * <p>Somebody must call {@link #sample()} regularly, every few seconds say: a jump counts from the sample that first sees
 * it, so what happens between the two keeps the time before the jump. Thread-safe; readers never wait.
 */
public final class WallClock {
    /** Any clock is set by more than this, and reading two clocks one after the other errs by far less. */
    private static final long NOISE_NANOS = 1_000_000;

    /** Two readings closer than this leave nothing to gain by a new try. */
    private static final long TIGHT_NANOS = 50_000;

    private static final int TRIES = 4;
    private static final int HISTORY = 16;

    /** Holds from this boot time on. */
    private record Offset(long from, long nanos) {}

    private final LongSupplier boottime;
    private final InstantSource realTime;

    /** Oldest first, never empty. */
    private volatile List<Offset> history;

    /** Takes the first sample. */
    public WallClock(LongSupplier boottime, InstantSource realTime) {
        this.boottime = boottime;
        this.realTime = realTime;
        Sample first = read();
        history = List.of(new Offset(first.boottime, first.realtime - first.boottime));
    }

    /** Reads both clocks and takes over a new offset if the real-time clock was set. */
    public void sample() {
        Sample sample = read();
        // The thread stood still between the readings: they say nothing, and the next sample comes soon.
        if (sample.spread < NOISE_NANOS) {
            sample(sample.boottime, sample.realtime);
        }
    }

    /** The same with readings of the caller, which belong to one moment: ns since boot and ns since the epoch. */
    public synchronized void sample(long boottimeNanos, long realtimeNanos) {
        Offset last = history.get(history.size() - 1);
        long offset = realtimeNanos - boottimeNanos;
        if (boottimeNanos <= last.from || Math.abs(offset - last.nanos) <= NOISE_NANOS) {
            return;
        }
        List<Offset> longer = new ArrayList<>(history);
        longer.add(new Offset(boottimeNanos, offset));
        history = List.copyOf(longer.size() > HISTORY ? longer.subList(1, longer.size()) : longer);
    }

    /** What to add to the times of something that began at this boot time, to all of them. */
    public long offsetAt(long boottimeNanos) {
        List<Offset> known = history;
        for (int i = known.size() - 1; i > 0; i--) {
            if (known.get(i).from <= boottimeNanos) {
                return known.get(i).nanos;
            }
        }
        return known.get(0).nanos;
    }

    /** A single moment, as ns since the epoch. */
    public long epochNanos(long boottimeNanos) {
        return boottimeNanos + offsetAt(boottimeNanos);
    }

    /** Both clocks at one moment; spread is how far the moment is uncertain. */
    private record Sample(long boottime, long realtime, long spread) {}

    private Sample read() {
        Sample best = readOnce();
        for (int i = 1; i < TRIES && best.spread > TIGHT_NANOS; i++) {
            Sample next = readOnce();
            best = next.spread < best.spread ? next : best;
        }
        return best;
    }

    private Sample readOnce() {
        long before = boottime.getAsLong();
        Instant now = realTime.instant();
        long spread = boottime.getAsLong() - before;
        long nanos = Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
        return new Sample(before + spread / 2, nanos, spread);
    }
}
