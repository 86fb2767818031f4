package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.RingState;
import dev.aioscope.lifecycle.LiveContexts.Known;
import dev.aioscope.lifecycle.LiveContexts.Place;
import dev.aioscope.lifecycle.WrongHandle.Cause;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The handles that io_destroy has made invalid lately, per address space, and what they tell about a later io_destroy
 * that fails. A handle leaves the table when it is given out again.
 */
final class DestroyedHandles {
    /** Some 4 MB at worst. */
    private static final int MOST = 4096;

    private final Map<Place, OpenTeardown> byPlace = new LinkedHashMap<>();

    /** Takes a teardown by io_destroy, from its beginning. */
    void add(OpenTeardown teardown) {
        Place place = place(teardown);
        if (byPlace.get(place) == teardown) {
            return; // Its entry was seen, now its return.
        }
        byPlace.remove(place);
        byPlace.put(place, teardown);
        if (byPlace.size() > MOST) {
            byPlace.remove(byPlace.keySet().iterator().next());
        }
    }

    /** This teardown was none. */
    void remove(OpenTeardown teardown) {
        byPlace.remove(place(teardown), teardown);
    }

    /** The handle is valid again. */
    void remove(long mm, long handle) {
        byPlace.remove(new Place(mm, handle));
    }

    /**
     * What is wrong with the handle of an io_destroy that has failed; null if it cannot be told.
     *
     * @param destroyExit its return
     * @param tried what it was seen to try to end, without this attempt
     */
    @Nullable WrongHandle explain(Event destroyExit, @Nullable OpenTeardown tried, LiveContexts live) {
        if (destroyExit.handle() == 0) {
            return WrongHandle.of(Cause.ZERO);
        }
        TeardownAttempt rival = tried == null ? null : tried.by();
        if (tried != null && rival != null) {
            return explain(Cause.LOST_RACE, tried, rival);
        }
        OpenTeardown ended = byPlace.get(new Place(destroyExit.mm(), destroyExit.handle()));
        TeardownAttempt by = ended == null ? null : ended.by();
        // The address of an address space is used again, too.
        if (ended == null || by == null || !isProcessOf(by.caller, destroyExit)) {
            return destroyExit.kioctx() != 0 ? explainLive(destroyExit, live) : explainUnknown(destroyExit, live);
        }
        if (isRace(by, destroyExit)) {
            return explain(Cause.LOST_RACE, ended, by);
        }
        return destroyExit.kioctx() != 0 ? explainLive(destroyExit, live) : explain(Cause.ALREADY_DESTROYED, ended, by);
    }

    /** What became of the handle that another call was given; null if that was not seen to be destroyed. */
    @Nullable WrongHandle explainUse(Event use) {
        OpenTeardown ended = byPlace.get(new Place(use.mm(), use.handle()));
        TeardownAttempt by = ended == null ? null : ended.by();
        return ended == null || by == null || !isProcessOf(by.caller, use)
                ? null
                : explain(Cause.ALREADY_DESTROYED, ended, by);
    }

    /** Whether the call was entered before the other one had taken the context out of the table. */
    private static boolean isRace(TeardownAttempt by, Event destroyExit) {
        boolean isInside = by.killEnterTime != Absent.NEVER && by.killExitTime == Absent.NEVER;
        return isInside || (by.killExitTime != Absent.NEVER && destroyExit.enterTime() < by.killExitTime);
    }

    private static WrongHandle explain(Cause cause, OpenTeardown ended, TeardownAttempt by) {
        long killed = by.killExitTime != Absent.NEVER
                ? by.killExitTime
                : by.killEnterTime != Absent.NEVER ? by.killEnterTime : by.callTime;
        Integer refs = Absent.s32(by.refs);
        return new WrongHandle(
                cause,
                ended.context(),
                by.caller,
                Absent.u64(killed),
                Absent.u64(ended.drainedTime()),
                !ended.isOver(),
                refs != null ? refs : Absent.s32(by.slots));
    }

    /** The table has a context under this handle, but the kernel, which goes by the id in the ring, did not find it. */
    private static @Nullable WrongHandle explainLive(Event destroyExit, LiveContexts live) {
        Known known = live.byPointer(destroyExit.kioctx());
        Context context = known == null ? null : known.context;
        return switch (destroyExit.ring()) {
            case NOT_READ -> null;
            case UNREADABLE -> WrongHandle.of(Cause.RING_UNMAPPED, context);
            case OTHER, PRESENT -> WrongHandle.of(Cause.RING_CORRUPTED, context);
        };
    }

    private static @Nullable WrongHandle explainUnknown(Event destroyExit, LiveContexts live) {
        if (destroyExit.ring() == RingState.NOT_READ) {
            return null;
        }
        Known known = live.byPlace(destroyExit.mm(), destroyExit.handle());
        if (known != null && isOwner(known, destroyExit)) {
            return WrongHandle.of(Cause.RING_MOVED, known.context);
        }
        Known elsewhere = live.byHandle(destroyExit.handle());
        if (elsewhere != null && !isOwner(elsewhere, destroyExit)) {
            return WrongHandle.of(Cause.OTHER_PROCESS, elsewhere.context);
        }
        return WrongHandle.of(destroyExit.ring() == RingState.PRESENT ? Cause.OTHER_PROCESS : Cause.NEVER_VALID);
    }

    private static boolean isOwner(Known known, Event destroyExit) {
        Task owner = known.context.owner();
        return owner != null && isProcessOf(owner, destroyExit);
    }

    private static boolean isProcessOf(Task task, Event destroyExit) {
        return task.pid() == destroyExit.pid() && task.processStart() == destroyExit.processStart();
    }

    private static Place place(OpenTeardown teardown) {
        return new Place(teardown.context().mm(), teardown.context().handle());
    }
}
