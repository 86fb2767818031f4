package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.FreeEvent;
import dev.aioscope.event.ReqsEvent;
import dev.aioscope.event.UsersEvent;
import org.jspecify.annotations.Nullable;

/** Takes USERS, REQS and FREE. A record that comes after the drain belongs to the next context with this pointer. */
final class DrainHandler {
    private final LifecycleTables tables;

    DrainHandler(LifecycleTables tables) {
        this.tables = tables;
    }

    /** Takes USERS. Its entry orders it: free_ioctx_reqs can run before USERS is sent. */
    void users(UsersEvent event) {
        long time = event.enterTime();
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown == null || teardown.drain.isBeforeUsers(time)) {
            teardown = next(teardown, event, time);
        } else if (teardown.beginsAfter(time)) {
            teardown = orphan();
        }
        if (teardown != null) {
            teardown.drain.users(event);
            tables.settle(teardown, event.time());
        }
    }

    void reqs(ReqsEvent event) {
        long time = event.time();
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown == null || teardown.drain.isBeforeReqs(time)) {
            if (teardown != null) {
                teardown.lateReqs(time);
            }
            teardown = next(teardown, event, time);
        } else if (teardown.beginsAfter(time) || teardown.drain.hasUsersAfter(time)) {
            teardown = orphan();
        }
        if (teardown != null) {
            teardown.drain.reqs(event);
            tables.settle(teardown, time);
        }
    }

    void free(FreeEvent event) {
        long time = event.time();
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown == null || teardown.drain.isFreed()) {
            teardown = next(teardown, event, time);
        } else if (teardown.beginsAfter(time)
                || teardown.drain.hasUsersAfter(time)
                || teardown.drain.hasReqsAfter(time)) {
            teardown = orphan();
        }
        if (teardown != null) {
            teardown.drain.free(event);
            tables.settle(teardown, time);
        }
    }

    private @Nullable OpenTeardown next(@Nullable OpenTeardown previous, Event event, long time) {
        if (previous != null) {
            tables.release(previous);
        }
        return tables.openLate(event, time);
    }

    /** The record belongs to an earlier context with this pointer. */
    private @Nullable OpenTeardown orphan() {
        tables.orphanEvents++;
        return null;
    }
}
