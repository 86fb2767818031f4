package dev.aioscope.agent;

import dev.aioscope.host.Identities;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.HandleUse;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Selects events and contexts by a {@link TaskFilter}. A context passes if its owner or the caller that ends it is
 * selected. A process whose name or executable is unknown passes no filter by it; its events are counted. Thread-safe.
 */
public final class TaskSelector {
    private final Supplier<TaskFilter> filter;
    private final Identities identities;
    private final AtomicLong withheld = new AtomicLong();

    /**
     * Selects by a filter that can change.
     *
     * @param identities identifies processes; used only by a filter by names or executables
     */
    public TaskSelector(Supplier<TaskFilter> filter, Identities identities) {
        this.filter = filter;
        this.identities = identities;
    }

    /** Whether the process that holds the context is selected. */
    public boolean selects(LiveContext context) {
        return isTrue(filter.get().selects(context.owner(), () -> identities.of(context.owner(), context.mm())));
    }

    /** Whether the owner of the context or the caller that ends it is selected. */
    public boolean selects(Teardown teardown) {
        return isTrue(test(teardown));
    }

    /** Forwards the selected events. */
    public LifecycleListener before(LifecycleListener listener) {
        return new SelectedListener(listener);
    }

    /** How many events did not pass because the name or executable of their process is unknown. */
    public long withheld() {
        return withheld.get();
    }

    private @Nullable Boolean test(Teardown teardown) {
        TaskFilter current = filter.get();
        Boolean owner = current.selects(teardown.context().owner(), () -> identities.ofOwner(teardown));
        if (isTrue(owner)) {
            return true;
        }
        Boolean caller = current.selects(teardown.caller(), () -> identities.ofCaller(teardown));
        boolean isKnown = owner != null || isTrue(caller);
        return isKnown ? caller : null;
    }

    private static boolean isTrue(@Nullable Boolean answer) {
        return answer != null && answer;
    }

    private boolean selects(Context context) {
        Task owner = context.owner();
        return owner != null && isTrue(filter.get().selects(owner, () -> identities.of(owner, context.mm())));
    }

    private boolean reports(Teardown teardown) {
        return count(test(teardown));
    }

    private boolean reports(FailedCall call) {
        return count(filter.get().selects(call.caller(), () -> identities.ofCaller(call)));
    }

    private boolean reports(HandleUse use) {
        return count(filter.get().selects(use.caller(), () -> identities.of(use.caller())));
    }

    private boolean count(@Nullable Boolean answer) {
        if (answer == null) {
            withheld.incrementAndGet();
        }
        return isTrue(answer);
    }

    private final class SelectedListener implements LifecycleListener {
        private final LifecycleListener listener;

        SelectedListener(LifecycleListener listener) {
            this.listener = listener;
        }

        @Override
        public void onSetup(Context context) {
            if (selects(context)) {
                listener.onSetup(context);
            }
        }

        @Override
        public void onFound(Context context) {
            if (selects(context)) {
                listener.onFound(context);
            }
        }

        @Override
        public void onTeardown(Teardown teardown) {
            if (reports(teardown)) {
                listener.onTeardown(teardown);
            }
        }

        @Override
        public void onStuck(TeardownInProgress teardown, long now) {
            if (reports(teardown.known())) {
                listener.onStuck(teardown, now);
            }
        }

        @Override
        public void onStillStuck(TeardownInProgress teardown, long now) {
            if (reports(teardown.known())) {
                listener.onStillStuck(teardown, now);
            }
        }

        @Override
        public void onStraggler(Straggler straggler) {
            if (reports(straggler.teardown().known())) {
                listener.onStraggler(straggler);
            }
        }

        @Override
        public void onFailedCall(FailedCall call) {
            if (reports(call)) {
                listener.onFailedCall(call);
            }
        }

        @Override
        public void onRetry(FailedCall call) {
            if (reports(call)) {
                listener.onRetry(call);
            }
        }

        @Override
        public void onHandleUse(HandleUse use) {
            if (reports(use)) {
                listener.onHandleUse(use);
            }
        }

        @Override
        public void onRefusalOutcome(RefusalOutcome outcome) {
            if (reports(outcome.refusal())) {
                listener.onRefusalOutcome(outcome);
            }
        }
    }
}
