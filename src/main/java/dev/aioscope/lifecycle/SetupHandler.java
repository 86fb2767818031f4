package dev.aioscope.lifecycle;

import dev.aioscope.event.SetupEvent;
import dev.aioscope.lifecycle.LiveContexts.Known;
import org.jspecify.annotations.Nullable;

/** Takes SETUP. */
final class SetupHandler {
    private final LifecycleTables tables;
    private final Refusals refusals;
    private final FailedCalls failedCalls;
    private final LifecycleListener listener;

    SetupHandler(LifecycleTables tables, Refusals refusals, FailedCalls failedCalls, LifecycleListener listener) {
        this.tables = tables;
        this.refusals = refusals;
        this.failedCalls = failedCalls;
        this.listener = listener;
    }

    void accept(SetupEvent event) {
        tables.call(event.tid(), event.enterTime(), event.time(), false);
        if (event.result() < 0) {
            fail(failedCalls.of(event));
            return;
        }
        refusals.setUp(event);
        if (event.handle() == Absent.NEVER) {
            tables.orphanEvents++;
            return;
        }
        tables.destroyed.remove(event.mm(), event.handle());
        OpenTeardown old = tables.byPointer.get(event.kioctx());
        if (old != null && isOf(old, event)) {
            old.known.context = tables.contexts.of(old.context().generation(), event);
            listener.onSetup(old.context());
            return;
        }
        if (old != null) {
            tables.release(old);
        }
        listener.onSetup(add(event));
    }

    private void fail(FailedCall call) {
        if (call.isQuotaRefusal() && refusals.repeats(call)) {
            listener.onRetry(call);
        } else {
            listener.onFailedCall(call);
        }
    }

    /** Whether another thread ended this very context before its io_setup returned. */
    private static boolean isOf(OpenTeardown teardown, SetupEvent setup) {
        return teardown.context().setupTime() == null
                && LiveContexts.hasHandle(teardown.context(), setup.mm(), setup.handle())
                && teardown.since() >= setup.enterTime();
    }

    private Context add(SetupEvent event) {
        Known known = foundEarlier(event);
        if (known != null) {
            tables.live.update(known, tables.contexts.of(known.context.generation(), event));
        } else {
            known = new Known(tables.contexts.of(tables.contexts.nextGeneration(), event), event.time(), 0);
            tables.live.add(known);
        }
        return known.context;
    }

    /** The context, if a scan found it before its record was read. Ends another one that it replaces. */
    private @Nullable Known foundEarlier(SetupEvent setup) {
        Known known = tables.live.find(setup.kioctx(), setup.mm(), setup.handle());
        if (known == null) {
            return null;
        }
        if (known.context.setupTime() == null && known.since >= setup.enterTime() && known.fits(setup)) {
            return known;
        }
        if (known.since < setup.enterTime()) {
            tables.endUnobserved(known, Teardown.End.UNKNOWN, setup.time());
        } else {
            // The scan was so far ahead of the ring that it found a later context, whose records are still to come.
            tables.live.remove(known);
        }
        return null;
    }
}
