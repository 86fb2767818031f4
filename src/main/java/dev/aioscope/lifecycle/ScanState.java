package dev.aioscope.lifecycle;

import dev.aioscope.event.TaskInTeardownEvent;
import dev.aioscope.event.TeardownStateEvent;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.lifecycle.LiveContexts.Known;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The results of one scan until its end. */
final class ScanState {
    /** When it began. */
    final long begin;

    /** Teardowns whose pointer a table contains again. */
    final Set<OpenTeardown> replaced = new HashSet<>();

    private final int limit;
    private final Map<Integer, WaitingThread> waiting = new LinkedHashMap<>();
    private final Map<Long, WaitState> byPointer = new HashMap<>();
    /** By the waiting thread, where the context's address is unknown. */
    private final Map<Integer, WaitState> byWaiter = new HashMap<>();

    private final Set<Integer> done = new HashSet<>();
    private final Set<Integer> skipped = new HashSet<>();
    private boolean skipsUnlisted;
    private boolean isCut;

    /**
     * A thread that waits for a teardown.
     *
     * @param attempt its call, as far as the scan shows it
     * @param mm its address space; 0 in an exit, where the thread has none
     */
    record WaitingThread(TeardownAttempt attempt, long mm) {
        Trigger trigger() {
            return attempt.trigger == Trigger.EXIT ? Trigger.EXIT : Trigger.DESTROY;
        }
    }

    /**
     * What the scan read from a context in teardown. Unobserved values are null.
     *
     * @param requests outstanding requests
     * @param siblings threads inside an AIO call on the context
     */
    record WaitState(
            @Nullable WaitReason waitReason,
            @Nullable Integer requests,
            @Nullable Integer siblings) {
        static final WaitState UNKNOWN = new WaitState(null, null, null);
    }

    ScanState(long begin, int limit) {
        this.begin = begin;
        this.limit = limit;
    }

    void add(TaskInTeardownEvent event) {
        if (waiting.size() >= limit) {
            isCut = true;
            return;
        }
        waiting.put(event.tid(), new WaitingThread(TeardownAttempt.listed(event), event.mm()));
    }

    void add(TeardownStateEvent event) {
        WaitState state = new WaitState(event.waitReason(), Absent.s32(event.requests()), Absent.s32(event.siblings()));
        if (event.kioctx() != 0) {
            byPointer.put(event.kioctx(), state);
        } else {
            byWaiter.put(event.tid(), state);
        }
    }

    /** The state of the context with this pointer. */
    WaitState stateOf(long kioctx) {
        return byPointer.getOrDefault(kioctx, WaitState.UNKNOWN);
    }

    /** The state of the context that this thread waits for. */
    WaitState stateBy(Task waiter) {
        return byWaiter.getOrDefault(waiter.tid(), WaitState.UNKNOWN);
    }

    /** Whether the scan found this killed context without outstanding requests, or freed. */
    boolean foundDrained(long kioctx) {
        WaitState found = byPointer.get(kioctx);
        return found != null
                && (found.waitReason() == WaitReason.WAKE || (found.waitReason() == null && found.requests() == null));
    }

    /** Whether the scan found this thread waiting. */
    boolean isWaiting(int tid) {
        return waiting.containsKey(tid) && !done.contains(tid);
    }

    /** Whether the scan found this thread of the same process waiting in an exit. */
    boolean isWaitingInExit(Task thread) {
        WaitingThread found = isWaiting(thread.tid()) ? waiting.get(thread.tid()) : null;
        return found != null && found.trigger() == Trigger.EXIT && thread.isOfSameProcess(found.attempt().caller);
    }

    /** Events that were read after the scan show that this thread no longer waits. */
    void isDone(int tid) {
        if (waiting.containsKey(tid)) {
            done.add(tid);
        }
    }

    /** The waiting threads that no later event shows as done. */
    List<WaitingThread> stillWaiting() {
        return waiting.values().stream()
                .filter(found -> !done.contains(found.attempt().caller.tid()))
                .toList();
    }

    /** The scan could not read this process. */
    void skip(int pid) {
        skipped.add(pid);
    }

    /** The scan could not list all processes. */
    void skipUnlisted() {
        skipsUnlisted = true;
    }

    /** Whether the scan covered this thread and did not find it waiting. */
    boolean isMissing(Task thread) {
        return !isCut && !skipped.contains(thread.pid()) && !waiting.containsKey(thread.tid());
    }

    /** Whether the scan covered this context. */
    boolean covers(Known known) {
        Task owner = known.context.owner();
        boolean isListed = known.lastScan > 0 || !skipsUnlisted;
        return isListed && (owner == null || !skipped.contains(owner.pid()));
    }

    /** Copies what the scan found about the thread of this attempt. */
    void mark(TeardownAttempt attempt) {
        WaitingThread found = waiting.get(attempt.caller.tid());
        if (found != null) {
            attempt.listed = true;
            attempt.sigkill |= found.attempt().sigkill;
            attempt.kernelStack = found.attempt().kernelStack;
        }
    }
}
