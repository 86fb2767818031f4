package dev.aioscope.agent;

import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.HandleUse;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Selects tasks. Several values of one kind mean any of them, several kinds mean all of them; an empty list selects every
 * task.
 *
 * @param pids process ids
 * @param comms thread names, cut to 15 bytes as the kernel does
 * @param cgroups cgroup v2 ids
 */
public record TaskFilter(List<Integer> pids, List<String> comms, List<Long> cgroups)
        implements Predicate<@Nullable Task> {
    /** Selects every task. */
    public static final TaskFilter ALL = new TaskFilter(List.of(), List.of(), List.of());

    /** Copies the lists. */
    public TaskFilter {
        pids = List.copyOf(pids);
        comms = List.copyOf(comms);
        cgroups = List.copyOf(cgroups);
    }

    /** Whether the task is selected; an unknown one never is. */
    @Override
    public boolean test(@Nullable Task task) {
        return task != null
                && (pids.isEmpty() || pids.contains(task.pid()))
                && (comms.isEmpty() || comms.contains(task.comm()))
                && (cgroups.isEmpty() || cgroups.contains(task.cgroup()));
    }

    /** Forwards the events of selected tasks. A context passes if its owner or the caller that ends it is selected. */
    public LifecycleListener before(LifecycleListener listener) {
        return equals(ALL) ? listener : before(this, listener);
    }

    /** Forwards the events of tasks that a changing predicate selects. */
    public static LifecycleListener before(Predicate<@Nullable Task> selected, LifecycleListener listener) {
        return new Filtered(selected, listener);
    }

    private record Filtered(Predicate<@Nullable Task> selected, LifecycleListener listener)
            implements LifecycleListener {
        private boolean passes(Teardown teardown) {
            return selected.test(teardown.context().owner()) || selected.test(teardown.caller());
        }

        @Override
        public void onSetup(Context context) {
            if (selected.test(context.owner())) {
                listener.onSetup(context);
            }
        }

        @Override
        public void onFound(Context context) {
            if (selected.test(context.owner())) {
                listener.onFound(context);
            }
        }

        @Override
        public void onTeardown(Teardown teardown) {
            if (passes(teardown)) {
                listener.onTeardown(teardown);
            }
        }

        @Override
        public void onStuck(TeardownInProgress teardown, long now) {
            if (passes(teardown.known())) {
                listener.onStuck(teardown, now);
            }
        }

        @Override
        public void onStillStuck(TeardownInProgress teardown, long now) {
            if (passes(teardown.known())) {
                listener.onStillStuck(teardown, now);
            }
        }

        @Override
        public void onStraggler(Straggler straggler) {
            if (passes(straggler.teardown().known())) {
                listener.onStraggler(straggler);
            }
        }

        @Override
        public void onFailedCall(FailedCall call) {
            if (selected.test(call.caller())) {
                listener.onFailedCall(call);
            }
        }

        @Override
        public void onRetry(FailedCall call) {
            if (selected.test(call.caller())) {
                listener.onRetry(call);
            }
        }

        @Override
        public void onHandleUse(HandleUse use) {
            if (selected.test(use.caller())) {
                listener.onHandleUse(use);
            }
        }

        @Override
        public void onRefusalOutcome(RefusalOutcome outcome) {
            if (selected.test(outcome.refusal().caller())) {
                listener.onRefusalOutcome(outcome);
            }
        }
    }
}
