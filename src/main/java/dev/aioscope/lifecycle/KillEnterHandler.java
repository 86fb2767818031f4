package dev.aioscope.lifecycle;

import dev.aioscope.event.TeardownEnterEvent;
import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.LiveContexts.Known;
import org.jspecify.annotations.Nullable;

/** Takes KILL_ENTER, or DESTROY_ENTER in the tier {@code syscall}. */
final class KillEnterHandler {
    private final LifecycleTables tables;
    private final Refusals refusals;

    KillEnterHandler(LifecycleTables tables, Refusals refusals) {
        this.tables = tables;
        this.refusals = refusals;
    }

    void accept(TeardownEnterEvent event) {
        Trigger trigger = event.trigger();
        refusals.observe(event.time(), Absent.number(event.aioNr()), null);
        TeardownAttempt attempt = attempt(event, trigger);
        OpenTeardown teardown = teardown(event, trigger, attempt);
        if (attempt == null) {
            attempt = new TeardownAttempt(event);
        }
        attempt.enter(event, trigger);
        if (event.callTime() != Absent.NEVER) {
            attempt.stack = tables.stacks.of(event.tid(), event.callTime());
        }
        if (!attempt.returned) {
            tables.remember(attempt);
        }
        if (teardown != null) {
            teardown.join(attempt);
            if (trigger == Trigger.DESTROY) {
                tables.destroyed.add(teardown);
            }
            tables.settle(teardown, event.time());
        }
    }

    /** The attempt that the record belongs to, if one is known. */
    private @Nullable TeardownAttempt attempt(TeardownEnterEvent event, Trigger trigger) {
        long begin = event.callTime() == Absent.NEVER ? event.time() : event.callTime();
        TeardownAttempt attempt = tables.call(event, begin, trigger == Trigger.EXIT);
        return attempt == null || attempt.entered || !attempt.canBeOn(event.kioctx()) ? null : attempt;
    }

    /** The teardown of the context; null if the handle belongs to no context. */
    private @Nullable OpenTeardown teardown(
            TeardownEnterEvent event, Trigger trigger, @Nullable TeardownAttempt attempt) {
        if (attempt != null && attempt.teardown != null) {
            return identify(attempt.teardown, event);
        }
        OpenTeardown teardown = tables.byPointer.get(event.kioctx());
        if (teardown != null && admits(teardown, event, trigger)) {
            return teardown;
        }
        if (teardown != null) {
            tables.release(teardown);
        }
        return open(event, trigger);
    }

    /** Sets the pointer of a teardown of which only the caller was known. */
    private OpenTeardown identify(OpenTeardown teardown, TeardownEnterEvent event) {
        tables.contexts.fill(teardown.known, event, null);
        OpenTeardown other = tables.byPointer.put(teardown.context().kioctx(), teardown);
        if (other != null && other != teardown) {
            tables.release(other);
        }
        return teardown;
    }

    /** Whether this kill_ioctx by another call can belong to the same context. */
    private static boolean admits(OpenTeardown teardown, TeardownEnterEvent event, Trigger trigger) {
        if (!LiveContexts.hasHandle(teardown.context(), event.mm(), event.handle())
                || !teardown.admits(event.time(), event.callTime())) {
            return false;
        }
        for (TeardownAttempt other : teardown.attempts) {
            // No other thread exists in an exit, and a thread cannot get the same context twice.
            if (trigger == Trigger.EXIT || other.trigger == Trigger.EXIT || other.caller.tid() == event.tid()) {
                return false;
            }
        }
        return true;
    }

    /** Starts the teardown; null if the handle belongs to no context. */
    private @Nullable OpenTeardown open(TeardownEnterEvent event, Trigger trigger) {
        Known known = tables.live.find(event.kioctx(), event.mm(), event.handle());
        if (known != null && known.isMovedTo(event)) {
            tables.live.update(known, known.context.withHandle(event.handle()));
        } else if (known != null && !known.fits(event)) {
            if (known.since <= event.time()) {
                tables.endUnobserved(known, Teardown.End.UNKNOWN, event.time());
            }
            known = null;
        }
        if (known != null) {
            disown(known, event);
            return tables.open(known, event);
        }
        if (event.kioctx() == 0) {
            return null;
        }
        Task owner = trigger == Trigger.EXIT ? null : Task.of(event);
        return tables.open(new Known(tables.contexts.of(event, owner), event.time(), 0), event);
    }

    /** Removes an owner that a scan found after this context had ended: it can be another process. */
    private static void disown(Known known, TeardownEnterEvent event) {
        Task owner = known.context.owner();
        if (event.time() < known.since && owner != null && owner.pid() != event.pid()) {
            known.context = known.context.withOwner(null);
        }
    }
}
