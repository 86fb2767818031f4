package dev.aioscope.lifecycle;

import dev.aioscope.event.DestroyExitEvent;
import dev.aioscope.event.Event;
import dev.aioscope.event.RingState;
import dev.aioscope.event.UseEvent;
import dev.aioscope.lifecycle.LiveContexts.Known;
import dev.aioscope.lifecycle.WrongHandle.Cause;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The handles that io_destroy has made invalid recently, per address space. They explain later calls that fail. A handle
 * leaves the table when the kernel reuses it.
 */
final class DestroyedHandles {
    /** About 4 MB at most. */
    private static final int MOST = 4096;

    private final Map<HandleKey, OpenTeardown> byHandle = new LinkedHashMap<>();

    /** Takes a teardown by io_destroy, from its first record on. */
    void add(OpenTeardown teardown) {
        HandleKey key = key(teardown);
        if (byHandle.get(key) == teardown) {
            return; // Its entry came before, now its return.
        }
        byHandle.remove(key);
        byHandle.put(key, teardown);
        if (byHandle.size() > MOST) {
            byHandle.remove(byHandle.keySet().iterator().next());
        }
    }

    /** The context was not destroyed. */
    void remove(OpenTeardown teardown) {
        byHandle.remove(key(teardown), teardown);
    }

    /** The handle is valid again. */
    void remove(long mm, long handle) {
        byHandle.remove(new HandleKey(mm, handle));
    }

    /**
     * What is wrong with the handle of an io_destroy that failed; null if unknown.
     *
     * @param tried the teardown that the call tried to cause, without this attempt
     */
    @Nullable WrongHandle explain(DestroyExitEvent destroyExit, @Nullable OpenTeardown tried, LiveContexts live) {
        if (destroyExit.handle() == 0) {
            return WrongHandle.of(Cause.ZERO);
        }
        TeardownAttempt rival = tried == null ? null : tried.by();
        if (tried != null && rival != null) {
            return explain(Cause.LOST_RACE, tried, rival);
        }
        OpenTeardown ended = byHandle.get(new HandleKey(destroyExit.mm(), destroyExit.handle()));
        TeardownAttempt by = ended == null ? null : ended.by();
        // The kernel reuses the addresses of address spaces, too.
        if (ended == null || by == null || !isProcessOf(by.caller, destroyExit)) {
            return destroyExit.kioctx() != 0 ? explainLive(destroyExit, live) : explainUnknown(destroyExit, live);
        }
        if (isRace(by, destroyExit)) {
            return explain(Cause.LOST_RACE, ended, by);
        }
        return destroyExit.kioctx() != 0 ? explainLive(destroyExit, live) : explain(Cause.ALREADY_DESTROYED, ended, by);
    }

    /** The history of the handle that another call got; null if no io_destroy of it is known. */
    @Nullable WrongHandle explainUse(UseEvent use) {
        OpenTeardown ended = byHandle.get(new HandleKey(use.mm(), use.handle()));
        TeardownAttempt by = ended == null ? null : ended.by();
        return ended == null || by == null || !isProcessOf(by.caller, use)
                ? null
                : explain(Cause.ALREADY_DESTROYED, ended, by);
    }

    /** Whether the call began before the other one removed the context from the table. */
    private static boolean isRace(TeardownAttempt by, DestroyExitEvent destroyExit) {
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
                !ended.drain.isOver(),
                refs != null ? refs : Absent.s32(by.slots));
    }

    /** The table has a context with this handle, but the kernel, which uses the id in the ring, did not find it. */
    private static @Nullable WrongHandle explainLive(DestroyExitEvent destroyExit, LiveContexts live) {
        Known known = live.byPointer(destroyExit.kioctx());
        Context context = known == null ? null : known.context;
        return switch (destroyExit.ring()) {
            case NOT_READ -> null;
            case UNREADABLE -> WrongHandle.of(Cause.RING_UNMAPPED, context);
            case OTHER, PRESENT -> WrongHandle.of(Cause.RING_CORRUPTED, context);
        };
    }

    private static @Nullable WrongHandle explainUnknown(DestroyExitEvent destroyExit, LiveContexts live) {
        if (destroyExit.ring() == RingState.NOT_READ) {
            return null;
        }
        Known known = live.byHandle(destroyExit.mm(), destroyExit.handle());
        if (known != null && isOwner(known, destroyExit)) {
            return WrongHandle.of(Cause.RING_MOVED, known.context);
        }
        Known elsewhere = live.byHandle(destroyExit.handle());
        if (elsewhere != null && !isOwner(elsewhere, destroyExit)) {
            return WrongHandle.of(Cause.OTHER_PROCESS, elsewhere.context);
        }
        return WrongHandle.of(destroyExit.ring() == RingState.PRESENT ? Cause.OTHER_PROCESS : Cause.NEVER_VALID);
    }

    private static boolean isOwner(Known known, Event event) {
        Task owner = known.context.owner();
        return owner != null && isProcessOf(owner, event);
    }

    private static boolean isProcessOf(Task task, Event event) {
        return task.pid() == event.pid() && task.processStart() == event.processStart();
    }

    private static HandleKey key(OpenTeardown teardown) {
        return new HandleKey(teardown.context().mm(), teardown.context().handle());
    }
}
