package dev.aioscope.lifecycle;

import dev.aioscope.event.SetupEvent;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.RefusalOutcome.Release;
import dev.aioscope.lifecycle.RefusalOutcome.Resolution;
import dev.aioscope.lifecycle.RefusalOutcome.Status;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Follows refusals until the quota suffices. io_setup fails with EAGAIN if the sum of fs.aio-nr and its argument is
 * larger than fs.aio-max-nr. Every record with fs.aio-nr shows whether this still holds.
 *
 * <p>kill_ioctx releases the charge before its record is sent, so the quota can suffice before the release is known. A
 * quota near its limit also flaps. A refusal is therefore over only after the quota has sufficed for a while.
 */
final class Refusals {
    /** A refusal is lasting after this time; a lasting one is abandoned this long after its report and its latest retry. */
    static final long LASTING_NS = 10_000_000_000L;

    /** How long the quota must suffice before a refusal is over. */
    static final long SETTLE_NS = 1_000_000_000L;

    private static final int MOST = 1024;
    private static final int MOST_RELEASERS = 64;

    private record RefusalKey(int pid, long processStart, int requested) {}

    /** What a process released, and when the last of it ended. */
    private record Released(Release release, long end) {
        Released and(Released later) {
            Release all = new Release(
                    later.release.by(),
                    later.release.trigger(),
                    release.contexts() + later.release.contexts(),
                    release.charge() + later.release.charge());
            return new Released(all, Math.max(end, later.end));
        }
    }

    private static final class OpenRefusal {
        final FailedCall first;
        FailedCall latest;
        int retries;
        long lastingAt = Absent.NEVER;
        long overAt = Absent.NEVER;
        int scansWhenOver;
        boolean hasSucceeded;

        @Nullable Resolution resolution;

        @Nullable BigInteger aioNr;

        @Nullable BigInteger aioMaxNr;

        final Map<Integer, Released> releases = new HashMap<>();

        OpenRefusal(FailedCall first) {
            this.first = first;
            this.latest = first;
        }

        final void begin(FailedCall refused) {
            latest = refused;
            overAt = Absent.NEVER;
            hasSucceeded = false;
            resolution = null;
            aioNr = refused.aioNr();
            aioMaxNr = refused.aioMaxNr();
            releases.values().removeIf(released -> released.end <= releasesSince());
        }

        /** Only releases that ended after this time can have made the quota suffice. */
        long releasesSince() {
            Long enterTime = latest.enterTime();
            return latest.hasRoomAtReturn() && enterTime != null ? enterTime : latest.returnTime();
        }

        long requested() {
            Long requested = latest.requested();
            return requested == null ? 0 : requested;
        }

        /** The least release that explains why the quota suffices; if unknown, the requested amount. */
        BigInteger leastRelease() {
            BigInteger total = latest.totalAtReturn();
            BigInteger limit = latest.aioMaxNr();
            if (total == null || limit == null) {
                return BigInteger.valueOf(requested());
            }
            // With room at the return, the total was above the limit at the check and is this much lower now.
            return latest.hasRoomAtReturn() ? limit.subtract(total).add(BigInteger.ONE) : total.subtract(limit);
        }

        boolean isOver() {
            return overAt != Absent.NEVER;
        }

        boolean isLasting() {
            return lastingAt != Absent.NEVER;
        }

        /** When the next decision is due. */
        long due() {
            if (isOver()) {
                return overAt + SETTLE_NS;
            }
            return (isLasting() ? Math.max(lastingAt, latest.returnTime()) : first.returnTime()) + LASTING_NS;
        }
    }

    private final Tier tier;
    private final Consumer<RefusalOutcome> listener;
    private final Map<RefusalKey, OpenRefusal> open = new LinkedHashMap<>();
    private long due = Long.MAX_VALUE;
    private int scans;

    /** The methods call the listener. */
    Refusals(Tier tier, Consumer<RefusalOutcome> listener) {
        this.tier = tier;
        this.listener = listener;
    }

    /** Takes a refusal; returns whether it repeats an open one. */
    boolean repeats(FailedCall call) {
        advance(call.returnTime());
        Task caller = call.caller();
        RefusalKey key =
                new RefusalKey(caller.pid(), caller.processStart(), call.maxReqs() == null ? 0 : call.maxReqs());
        OpenRefusal known = open.get(key);
        if (known != null) {
            known.retries++;
            begin(known, call);
            return true;
        }
        if (open.size() >= MOST) {
            OpenRefusal oldest = open.values().iterator().next();
            open.values().remove(oldest);
            report(oldest, Status.UNKNOWN, call.returnTime());
        }
        OpenRefusal refusal = new OpenRefusal(call);
        begin(refusal, call);
        open.put(key, refusal);
        return false;
    }

    /** The call was refused, but a release during it can have made the quota suffice before it returned. */
    private void begin(OpenRefusal refusal, FailedCall call) {
        refusal.begin(call);
        if (call.hasRoomAtReturn()) {
            over(refusal, call.returnTime(), null);
        }
        due = Math.min(due, refusal.due());
    }

    /** Takes an io_setup that succeeded. */
    void setUp(SetupEvent event) {
        if (open.isEmpty()) {
            return;
        }
        long charge = Integer.toUnsignedLong(event.maxReqs());
        open.forEach((key, refusal) -> {
            if (key.pid == event.pid()
                    && key.processStart == event.processStart()
                    && charge >= refusal.requested()
                    && event.time() > refusal.latest.returnTime()) {
                refusal.hasSucceeded = true;
                over(refusal, event.time(), event.aioNr());
            }
        });
        observe(event.time(), event.aioNr(), event.aioMaxNr());
    }

    /** Takes fs.aio-nr and fs.aio-max-nr at a moment; null if not observed. */
    void observe(long time, @Nullable BigInteger aioNr, @Nullable BigInteger aioMaxNr) {
        if (open.isEmpty() || aioNr == null) {
            return;
        }
        for (OpenRefusal refusal : open.values()) {
            if (time <= refusal.latest.returnTime()) {
                continue;
            }
            refusal.aioNr = aioNr;
            if (aioMaxNr != null) {
                refusal.aioMaxNr = aioMaxNr;
            }
            BigInteger total = aioNr.add(BigInteger.valueOf(refusal.requested()));
            if (refusal.aioMaxNr != null && total.compareTo(refusal.aioMaxNr) <= 0) {
                over(refusal, time, total);
            }
        }
    }

    /** Takes a release that began and ended at these times, or at an unknown time before a scan. */
    void released(Context context, @Nullable Task caller, @Nullable Trigger trigger, long from, long to) {
        Task by = context.owner() != null ? context.owner() : caller;
        Integer maxReqs = context.maxReqs();
        if (open.isEmpty() || by == null || maxReqs == null) {
            return;
        }
        Released released = new Released(new Release(by, trigger, 1, Integer.toUnsignedLong(maxReqs)), to);
        for (OpenRefusal refusal : open.values()) {
            boolean isBefore = to <= refusal.releasesSince();
            boolean isAfter = refusal.isOver() && from >= refusal.overAt;
            boolean hasRoom = refusal.releases.size() < MOST_RELEASERS || refusal.releases.containsKey(by.pid());
            if (!isBefore && !isAfter && hasRoom) {
                refusal.releases.merge(by.pid(), released, Released::and);
            }
        }
    }

    /** A scan is over, and the ends that it found are reported. */
    void scanned() {
        scans++;
    }

    /** Whether no refusal is open. */
    boolean isEmpty() {
        return open.isEmpty();
    }

    /** Reports what is due. */
    void advance(long now) {
        if (now < due) {
            return;
        }
        due = Long.MAX_VALUE;
        for (Iterator<OpenRefusal> all = open.values().iterator(); all.hasNext(); ) {
            OpenRefusal refusal = all.next();
            if (now >= refusal.due() && isDone(refusal, now)) {
                all.remove();
            } else {
                due = Math.min(due, refusal.due());
            }
        }
    }

    /** Reports a refusal that is due; returns whether to drop it. */
    private boolean isDone(OpenRefusal refusal, long now) {
        if (refusal.isOver()) {
            // Without probes on exits only a scan shows which contexts are gone.
            if (tier != Tier.FULL && scans == refusal.scansWhenOver && now < refusal.overAt + LASTING_NS) {
                return false;
            }
            report(refusal, refusal.isLasting() ? Status.OVER : Status.TRANSIENT, refusal.overAt);
            return true;
        }
        if (refusal.isLasting()) {
            report(refusal, Status.ABANDONED, now);
            return true;
        }
        refusal.lastingAt = now;
        report(refusal, Status.LASTING, now);
        return false;
    }

    /**
     * The quota suffices.
     *
     * @param total the charge including the refused amount: above the old limit, a new limit made room; null if unknown
     */
    private void over(OpenRefusal refusal, long time, @Nullable BigInteger total) {
        if (refusal.isOver()) {
            // Times of records from two CPUs can be out of order.
            refusal.overAt = Math.min(refusal.overAt, time);
            return;
        }
        refusal.overAt = time;
        refusal.scansWhenOver = scans;
        BigInteger limit = refusal.latest.aioMaxNr();
        refusal.resolution = total != null && limit != null && total.compareTo(limit) > 0 ? Resolution.LIMIT : null;
        due = Math.min(due, refusal.due());
    }

    private void report(OpenRefusal refusal, Status status, long time) {
        Resolution resolution = refusal.resolution;
        Release release = null;
        BigInteger released = BigInteger.valueOf(refusal.releases.values().stream()
                .mapToLong(one -> one.release.charge())
                .sum());
        // If the known releases are too small, an unobserved one made the difference.
        if (refusal.isOver() && resolution == null && released.compareTo(refusal.leastRelease()) >= 0) {
            resolution = Resolution.TEARDOWN;
            release = refusal.releases.values().stream()
                    .map(Released::release)
                    .max(Comparator.comparingLong(Release::charge))
                    .orElse(null);
        }
        listener.accept(new RefusalOutcome(
                refusal.first,
                refusal.retries,
                status,
                time,
                resolution,
                release,
                refusal.hasSucceeded,
                refusal.aioNr,
                refusal.aioMaxNr));
    }
}
