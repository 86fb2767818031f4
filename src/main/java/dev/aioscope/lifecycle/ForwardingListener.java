package dev.aioscope.lifecycle;

import java.util.List;
import java.util.function.Consumer;

/** Forwards all reports in one way. Implementations can override single methods. */
@FunctionalInterface
public interface ForwardingListener extends LifecycleListener {
    /** Forwards one report. */
    void forward(Consumer<LifecycleListener> report);

    /** Forwards to these listeners in order. */
    static ForwardingListener to(LifecycleListener... listeners) {
        List<LifecycleListener> all = List.of(listeners);
        return all::forEach;
    }

    @Override
    default void onSetup(Context context) {
        forward(listener -> listener.onSetup(context));
    }

    @Override
    default void onFound(Context context) {
        forward(listener -> listener.onFound(context));
    }

    @Override
    default void onTeardown(Teardown teardown) {
        forward(listener -> listener.onTeardown(teardown));
    }

    @Override
    default void onStuck(TeardownInProgress teardown, long now) {
        forward(listener -> listener.onStuck(teardown, now));
    }

    @Override
    default void onStillStuck(TeardownInProgress teardown, long now) {
        forward(listener -> listener.onStillStuck(teardown, now));
    }

    @Override
    default void onWoken(TeardownInProgress teardown) {
        forward(listener -> listener.onWoken(teardown));
    }

    @Override
    default void onStraggler(Straggler straggler) {
        forward(listener -> listener.onStraggler(straggler));
    }

    @Override
    default void onStack(UserStack stack) {
        forward(listener -> listener.onStack(stack));
    }

    @Override
    default void onFailedCall(FailedCall call) {
        forward(listener -> listener.onFailedCall(call));
    }

    @Override
    default void onRetry(FailedCall call) {
        forward(listener -> listener.onRetry(call));
    }

    @Override
    default void onHandleUse(HandleUse use) {
        forward(listener -> listener.onHandleUse(use));
    }

    @Override
    default void onRefusalOutcome(RefusalOutcome outcome) {
        forward(listener -> listener.onRefusalOutcome(outcome));
    }
}
