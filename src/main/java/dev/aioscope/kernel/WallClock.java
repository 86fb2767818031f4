package dev.aioscope.kernel;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Converts the kernel's CLOCK_BOOTTIME to time since the epoch. The offset between the two clocks is constant, also through
 * suspend and NTP slewing, until someone sets the real-time clock. Earlier offsets stay valid for earlier times.
 *
 * <p>Call {@link #sample()} every few seconds: a new offset is valid from the sample that first finds it. Thread-safe;
 * readers never block.
 */
public final class WallClock {
    /** Smaller than any change of a clock, and far larger than the error of reading two clocks one after the other. */
    private static final long NOISE_NANOS = 1_000_000;

    /** Two readings closer than this need no further try. */
    private static final long TIGHT_NANOS = 50_000;

    private static final int TRIES = 4;
    private static final int HISTORY = 16;

    /** Valid from this boot time on. */
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

    /** Reads both clocks and stores a new offset if the real-time clock was set. */
    public void sample() {
        Sample sample = read();
        // The thread was suspended between the readings: wait for the next sample.
        if (sample.spread < NOISE_NANOS) {
            sample(sample.boottime, sample.realtime);
        }
    }

    /** The same with two readings of the same moment: ns since boot and ns since the epoch. */
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

    /** The offset to add to all times of something that began at this boot time, ns. */
    public long offsetAt(long boottimeNanos) {
        List<Offset> known = history;
        for (int i = known.size() - 1; i > 0; i--) {
            if (known.get(i).from <= boottimeNanos) {
                return known.get(i).nanos;
            }
        }
        return known.get(0).nanos;
    }

    /** This boot time as ns since the epoch. */
    public long epochNanos(long boottimeNanos) {
        return boottimeNanos + offsetAt(boottimeNanos);
    }

    /** Both clocks at one moment, which is uncertain by the spread. */
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
