package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What one inventory found, until it is drawn together at its end. */
final class ScanState {
    /** When it began. */
    final long begin;

    /** Teardowns whose pointer was found in a table again. */
    final Set<OpenTeardown> replaced = new HashSet<>();

    private final int limit;
    private final Map<Integer, Waiting> waiting = new LinkedHashMap<>();
    private final Map<Long, Inside> inside = new HashMap<>();
    /** By the thread that waits, where nobody knows the context's address. */
    private final Map<Integer, Inside> insideByWaiter = new HashMap<>();

    private final Set<Integer> done = new HashSet<>();
    private final Set<Integer> unseen = new HashSet<>();
    private boolean isCut;

    /**
     * A thread that waits for a teardown.
     *
     * @param attempt what it is inside of, as far as the look tells
     * @param mm its address space; 0 in an exit, where the thread has given it up
     */
    record Waiting(TeardownAttempt attempt, long mm) {
        Trigger trigger() {
            return attempt.trigger == Trigger.EXIT ? Trigger.EXIT : Trigger.DESTROY;
        }
    }

    /**
     * What a context that is being torn down looked like. What was not seen is null.
     *
     * @param requests not completed
     * @param siblings threads inside an AIO call on it
     */
    record Inside(
            @Nullable WaitReason waitReason,
            @Nullable Integer requests,
            @Nullable Integer siblings) {
        static final Inside NOT_SEEN = new Inside(null, null, null);
    }

    ScanState(long begin, int limit) {
        this.begin = begin;
        this.limit = limit;
    }

    /** Takes a TASK_IN_TEARDOWN. */
    void add(Event event) {
        if (waiting.size() >= limit) {
            isCut = true;
            return;
        }
        TeardownAttempt attempt = new TeardownAttempt(event);
        attempt.trigger = event.trigger();
        attempt.handle = attempt.trigger == Trigger.DESTROY ? event.handle() : 0;
        attempt.sigkill = event.pendingSigkill();
        attempt.listed = true;
        attempt.kernelStack = event.kernelFrames();
        waiting.put(event.tid(), new Waiting(attempt, event.mm()));
    }

    /** Takes a TEARDOWN_STATE. */
    void addInside(Event event) {
        Inside seen = new Inside(event.waitReason(), Absent.s32(event.requests()), Absent.s32(event.siblings()));
        if (event.kioctx() != 0) {
            inside.put(event.kioctx(), seen);
        } else {
            insideByWaiter.put(event.tid(), seen);
        }
    }

    /** What was seen inside of the context with this pointer. */
    Inside inside(long kioctx) {
        return inside.getOrDefault(kioctx, Inside.NOT_SEEN);
    }

    /** What the waiter shows of the context that it waits for. */
    Inside insideBy(Task waiter) {
        return insideByWaiter.getOrDefault(waiter.tid(), Inside.NOT_SEEN);
    }

    /** Whether it looked for this context, which is killed, and found that no request is left, or that it is freed. */
    boolean foundNothingLeft(long kioctx) {
        Inside found = inside.get(kioctx);
        return found != null
                && (found.waitReason() == WaitReason.WAKE || (found.waitReason() == null && found.requests() == null));
    }

    /** Whether it saw this thread wait. */
    boolean isWaiting(int tid) {
        return waiting.containsKey(tid) && !done.contains(tid);
    }

    /** Whether it saw this thread of the same process wait in an exit. */
    boolean isWaitingInExit(Task thread) {
        Waiting found = isWaiting(thread.tid()) ? waiting.get(thread.tid()) : null;
        return found != null && found.trigger() == Trigger.EXIT && thread.isOfSameProcess(found.attempt().caller);
    }

    /** Events that were read after the look tell that this thread has gone on. */
    void isDone(int tid) {
        if (waiting.containsKey(tid)) {
            done.add(tid);
        }
    }

    /** The threads that waited and, for all that is known, still do. */
    List<Waiting> stillWaiting() {
        return waiting.values().stream()
                .filter(found -> !done.contains(found.attempt().caller.tid()))
                .toList();
    }

    /** This process could not be looked at. */
    void isUnseen(int pid) {
        unseen.add(pid);
    }

    /** Whether the look would have shown this thread if it still waited, and did not. */
    boolean isMissing(Task thread) {
        return !isCut && !unseen.contains(thread.pid()) && !waiting.containsKey(thread.tid());
    }

    /** Whether the look would have shown this context if it still was in a table. */
    boolean shows(Context context) {
        Task owner = context.owner();
        return owner == null || !unseen.contains(owner.pid());
    }

    /** Marks the thread's attempt as seen waiting, if it was. */
    void mark(TeardownAttempt attempt) {
        Waiting found = waiting.get(attempt.caller.tid());
        if (found != null) {
            attempt.listed = true;
            attempt.sigkill |= found.attempt().sigkill;
            attempt.kernelStack = found.attempt().kernelStack;
        }
    }
}
