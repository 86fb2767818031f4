package dev.aioscope.lifecycle;

import dev.aioscope.event.KillExitEvent;
import dev.aioscope.event.Trigger;
import org.jspecify.annotations.Nullable;

/** Takes KILL_EXIT. */
final class KillExitHandler {
    private final LifecycleTables tables;
    private final Refusals refusals;

    KillExitHandler(LifecycleTables tables, Refusals refusals) {
        this.tables = tables;
        this.refusals = refusals;
    }

    void accept(KillExitEvent event) {
        // The record does not contain the trigger: it can be an exit.
        TeardownAttempt attempt = tables.call(event, event.enterTime(), true);
        if (attempt != null && (attempt.killExitTime != Absent.NEVER || !attempt.canBeOn(event.kioctx()))) {
            attempt = null;
        }
        if (event.result() != 0) {
            if (attempt != null) {
                tables.lose(attempt);
            }
            return;
        }
        if (attempt == null) {
            attempt = openLate(event);
        }
        if (attempt != null) {
            end(attempt, event);
        }
    }

    /** An attempt whose entry is missing; null if it belongs to no known context. */
    private @Nullable TeardownAttempt openLate(KillExitEvent event) {
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown != null && !teardown.canTake(event)) {
            tables.orphanEvents++;
            return null;
        }
        if (teardown != null && (teardown.winner != null || !teardown.admits(event.enterTime(), Absent.NEVER))) {
            tables.release(teardown);
            teardown = null;
        }
        if (teardown == null) {
            teardown = tables.openLate(event, event.enterTime());
        }
        if (teardown == null) {
            return null;
        }
        TeardownAttempt attempt = new TeardownAttempt(event);
        teardown.join(attempt);
        return attempt;
    }

    private void end(TeardownAttempt attempt, KillExitEvent event) {
        attempt.exit(event);
        OpenTeardown teardown = tables.win(attempt, event);
        refusals.released(teardown.context(), attempt.caller, attempt.trigger, event.enterTime(), event.time());
        refusals.observe(event.time(), Absent.number(event.aioNr()), null);
        if (attempt.trigger == Trigger.EXIT || attempt.trigger == Trigger.ROLLBACK) {
            tables.calls.remove(event.tid(), attempt);
        } else if (!attempt.returned) {
            tables.remember(attempt);
        }
        tables.settle(teardown, event.time());
    }
}
