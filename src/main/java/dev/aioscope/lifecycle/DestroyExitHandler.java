package dev.aioscope.lifecycle;

import dev.aioscope.event.DestroyExitEvent;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.LiveContexts.Known;
import org.jspecify.annotations.Nullable;

/** Takes DESTROY_EXIT. */
final class DestroyExitHandler {
    private final LifecycleTables tables;
    private final Refusals refusals;
    private final FailedCalls failedCalls;
    private final LifecycleListener listener;

    DestroyExitHandler(LifecycleTables tables, Refusals refusals, FailedCalls failedCalls, LifecycleListener listener) {
        this.tables = tables;
        this.refusals = refusals;
        this.failedCalls = failedCalls;
        this.listener = listener;
    }

    void accept(DestroyExitEvent event) {
        TeardownAttempt attempt = tables.call(event.tid(), event.enterTime(), event.time(), false);
        tables.calls.remove(event.tid());
        if (tables.scan != null) {
            tables.scan.isDone(event.tid());
        }
        if (event.result() < 0) {
            fail(event, attempt);
            return;
        }
        if (attempt == null || attempt.teardown == null) {
            attempt = openReturned(event, attempt);
        }
        if (attempt != null) {
            end(attempt, event);
        }
    }

    private void fail(DestroyExitEvent event, @Nullable TeardownAttempt attempt) {
        OpenTeardown tried = attempt == null ? null : attempt.teardown;
        if (attempt != null) {
            tables.lose(attempt);
        }
        boolean isFiltered =
                FailedCall.SystemCall.IO_DESTROY.isFiltered(Absent.u64(event.enterTime()), (int) -event.result());
        listener.onFailedCall(
                failedCalls.of(event, isFiltered ? null : tables.destroyed.explain(event, tried, tables.live)));
    }

    /**
     * The attempt whose entry into kill_ioctx is missing: on the context with this handle, if it was live all the time;
     * null if that is unknown. A teardown without a caller does not count: while it drains, the next context can have its
     * handle.
     */
    private @Nullable TeardownAttempt openReturned(DestroyExitEvent event, @Nullable TeardownAttempt attempt) {
        Known known = tables.live.byHandle(event.mm(), event.handle());
        OpenTeardown ended =
                known != null && known.since <= event.enterTime() ? tables.open(known, event.time()) : null;
        if (attempt == null && ended == null) {
            tables.orphanEvents++;
            return null;
        }
        TeardownAttempt ending = attempt == null ? new TeardownAttempt(event) : attempt;
        if (ended != null) {
            ended.join(ending);
        }
        return ending;
    }

    private void end(TeardownAttempt attempt, DestroyExitEvent event) {
        attempt.destroyed(event);
        if (attempt.stack == null) {
            attempt.stack = tables.stacks.of(event.tid(), event.enterTime());
        }
        OpenTeardown teardown = tables.win(attempt, event);
        if (attempt.killExitTime == Absent.NEVER) {
            refusals.released(teardown.context(), attempt.caller, Trigger.DESTROY, event.enterTime(), event.time());
        }
        tables.destroyed.add(teardown);
        teardown.drain.endsBefore(event.time());
        tables.settle(teardown, event.time());
    }
}
