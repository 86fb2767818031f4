package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventLayout;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.RefusalOutcome.Cause;
import dev.aioscope.lifecycle.RefusalOutcome.Release;
import dev.aioscope.lifecycle.RefusalOutcome.Verdict;
import dev.aioscope.probe.Tier;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Watches what becomes of refusals. The kernel refuses an io_setup if fs.aio-nr and what is asked for are more than
 * fs.aio-max-nr together; every record that carries fs.aio-nr shows whether that still holds.
 *
 * <p>kill_ioctx gives back first and tells us last: others can see the quota suffice before the record of the release
 * is there. And a quota near its limit flaps. So a refusal is over only if it has been so for a while.
 */
final class Refusals {
    /** When a refusal is lasting; and how long after its latest retry one that lasts is still watched. */
    static final long LASTING_NS = 10_000_000_000L;

    /** How long a refusal must be over. */
    static final long SETTLE_NS = 1_000_000_000L;

    private static final int MOST = 1024;
    private static final int MOST_RELEASERS = 64;

    /** Who asked for how much. */
    private record Key(int pid, long processStart, int asked) {}

    private static final class Open {
        final FailedCall first;
        FailedCall latest;
        int retries;
        boolean isLasting;
        long overAt = Absent.NEVER;
        int looksWhenOver;
        boolean hasSucceeded;

        @Nullable Cause cause;

        long aioNr;
        long aioMaxNr;
        final Map<Integer, Release> releases = new HashMap<>();

        Open(FailedCall first) {
            this.first = first;
            this.latest = first;
            begin(first);
        }

        final void begin(FailedCall refused) {
            latest = refused;
            overAt = Absent.NEVER;
            hasSucceeded = false;
            cause = null;
            aioNr = refused.aioNr() == null ? Absent.NEVER : refused.aioNr();
            aioMaxNr = refused.aioMaxNr() == null ? Absent.NEVER : refused.aioMaxNr();
            releases.clear();
        }

        long asked() {
            return Integer.toUnsignedLong(latest.maxReqs() == null ? 0 : latest.maxReqs());
        }

        /** How much too little there was; where that was not seen, no more than what was asked for. */
        long shortfall() {
            Long needed = latest.neededLimit();
            return needed == null || latest.aioMaxNr() == null ? asked() : needed - latest.aioMaxNr();
        }

        boolean isOver() {
            return overAt != Absent.NEVER;
        }

        /** When something is due if nothing happens. */
        long due() {
            return isOver() ? overAt + SETTLE_NS : (isLasting ? latest.returnTime() : first.returnTime()) + LASTING_NS;
        }
    }

    private final Tier tier;
    private final Consumer<RefusalOutcome> told;
    private final Map<Key, Open> open = new LinkedHashMap<>();
    private long due = Long.MAX_VALUE;
    private int looks;

    /** Watches nothing yet; outcomes are told during the calls. */
    Refusals(Tier tier, Consumer<RefusalOutcome> told) {
        this.tier = tier;
        this.told = told;
    }

    /** Takes a refusal; whether it repeats one that is being watched. */
    boolean repeats(FailedCall call) {
        advance(call.returnTime());
        Task caller = call.caller();
        Key key = new Key(caller.pid(), caller.processStart(), call.maxReqs() == null ? 0 : call.maxReqs());
        Open known = open.get(key);
        if (known != null) {
            known.retries++;
            known.begin(call);
            return true;
        }
        if (open.size() >= MOST) {
            Open oldest = open.values().iterator().next();
            open.values().remove(oldest);
            tell(oldest, Verdict.UNKNOWN, call.returnTime());
        }
        Open refusal = new Open(call);
        open.put(key, refusal);
        due = Math.min(due, refusal.due());
        return false;
    }

    /** Takes an io_setup that succeeded. */
    void setUp(Event event) {
        if (open.isEmpty()) {
            return;
        }
        long charge = Integer.toUnsignedLong(event.maxReqs());
        open.forEach((key, refusal) -> {
            if (key.pid == event.pid()
                    && key.processStart == event.processStart()
                    && charge >= refusal.asked()
                    && event.time() > refusal.latest.returnTime()) {
                refusal.hasSucceeded = true;
                over(refusal, event.time(), event.aioNr());
            }
        });
        seen(event.time(), event.aioNr(), event.aioMaxNr());
    }

    /** Takes what fs.aio-nr and fs.aio-max-nr were at a moment, as far as they were seen. */
    void seen(long time, long aioNr, long aioMaxNr) {
        if (open.isEmpty() || aioNr == EventLayout.ABSENT_U64) {
            return;
        }
        for (Open refusal : open.values()) {
            if (time <= refusal.latest.returnTime()) {
                continue;
            }
            refusal.aioNr = aioNr;
            if (aioMaxNr != EventLayout.ABSENT_U64) {
                refusal.aioMaxNr = aioMaxNr;
            }
            if (refusal.aioMaxNr != Absent.NEVER && aioNr + refusal.asked() <= refusal.aioMaxNr) {
                over(refusal, time, aioNr + refusal.asked());
            }
        }
    }

    /** Takes a release: it began and ended in these moments, or at an unknown time before a look. */
    void released(Context context, @Nullable Task caller, @Nullable Trigger trigger, long from, long to) {
        Task by = context.owner() != null ? context.owner() : caller;
        Integer maxReqs = context.maxReqs();
        if (open.isEmpty() || by == null || maxReqs == null) {
            return;
        }
        Release release = new Release(by, trigger, 1, Integer.toUnsignedLong(maxReqs));
        for (Open refusal : open.values()) {
            boolean isBefore = to <= refusal.latest.returnTime();
            boolean isAfter = refusal.isOver() && from > refusal.overAt;
            boolean hasRoom = refusal.releases.size() < MOST_RELEASERS || refusal.releases.containsKey(by.pid());
            if (!isBefore && !isAfter && hasRoom) {
                refusal.releases.merge(
                        by.pid(),
                        release,
                        (a, b) ->
                                new Release(b.by(), b.trigger(), a.contexts() + b.contexts(), a.charge() + b.charge()));
            }
        }
    }

    /** A look is over: what it found gone has been told. */
    void looked() {
        looks++;
    }

    /** Whether none is watched. */
    boolean isEmpty() {
        return open.isEmpty();
    }

    /** Tells what is due. */
    void advance(long now) {
        if (now < due) {
            return;
        }
        due = Long.MAX_VALUE;
        for (Iterator<Open> all = open.values().iterator(); all.hasNext(); ) {
            Open refusal = all.next();
            if (now >= refusal.due() && isDone(refusal, now)) {
                all.remove();
            } else {
                due = Math.min(due, refusal.due());
            }
        }
    }

    /** Tells what has become of the refusal; whether there is no more to come. */
    private boolean isDone(Open refusal, long now) {
        if (refusal.isOver()) {
            // Without probes on exits only a look tells which contexts are gone.
            if (tier != Tier.FULL && looks == refusal.looksWhenOver && now < refusal.overAt + LASTING_NS) {
                return false;
            }
            tell(refusal, refusal.isLasting ? Verdict.OVER : Verdict.TRANSIENT, refusal.overAt);
            return true;
        }
        if (refusal.isLasting) {
            return true; // Its process has given up.
        }
        refusal.isLasting = true;
        tell(refusal, Verdict.LASTING, now);
        return now >= refusal.due();
    }

    /**
     * The quota suffices.
     *
     * @param total what is charged with this in it: if more than the old limit, it is the new limit that made room
     */
    private void over(Open refusal, long time, long total) {
        if (refusal.isOver()) {
            // Two CPUs: the time in a record can be later than in the next one.
            refusal.overAt = Math.min(refusal.overAt, time);
            return;
        }
        refusal.overAt = time;
        refusal.looksWhenOver = looks;
        Long limit = refusal.latest.aioMaxNr();
        refusal.cause = total != Absent.NEVER && limit != null && total > limit ? Cause.LIMIT : null;
        due = Math.min(due, refusal.due());
    }

    private void tell(Open refusal, Verdict verdict, long time) {
        Cause cause = refusal.cause;
        Release release = null;
        long given =
                refusal.releases.values().stream().mapToLong(Release::charge).sum();
        // Where the releases that were seen do not explain it, there was another.
        if (refusal.isOver() && cause == null && given >= refusal.shortfall()) {
            cause = Cause.TEARDOWN;
            release = refusal.releases.values().stream()
                    .max(Comparator.comparingLong(Release::charge))
                    .orElse(null);
        }
        told.accept(new RefusalOutcome(
                refusal.first,
                refusal.retries,
                verdict,
                time,
                cause,
                release,
                refusal.hasSucceeded,
                Absent.u64(refusal.aioNr),
                Absent.u64(refusal.aioMaxNr)));
    }
}
