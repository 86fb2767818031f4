package dev.aioscope.lifecycle;

import java.util.List;
import java.util.function.Consumer;

/** Hands all news on in one way; what does more with some of it overrides that. */
@FunctionalInterface
public interface ForwardingListener extends LifecycleListener {
    /** Hands this on. */
    void tell(Consumer<LifecycleListener> news);

    /** Tells these, one after the other. */
    static ForwardingListener to(LifecycleListener... listeners) {
        List<LifecycleListener> all = List.of(listeners);
        return all::forEach;
    }

    @Override
    default void onSetup(Context context) {
        tell(listener -> listener.onSetup(context));
    }

    @Override
    default void onFound(Context context) {
        tell(listener -> listener.onFound(context));
    }

    @Override
    default void onTeardown(Teardown teardown) {
        tell(listener -> listener.onTeardown(teardown));
    }

    @Override
    default void onStuck(TeardownInProgress teardown, long now) {
        tell(listener -> listener.onStuck(teardown, now));
    }

    @Override
    default void onStraggler(Straggler straggler) {
        tell(listener -> listener.onStraggler(straggler));
    }

    @Override
    default void onStack(UserStack stack) {
        tell(listener -> listener.onStack(stack));
    }

    @Override
    default void onFailedCall(FailedCall call) {
        tell(listener -> listener.onFailedCall(call));
    }

    @Override
    default void onRetry(FailedCall call) {
        tell(listener -> listener.onRetry(call));
    }

    @Override
    default void onHandleUse(HandleUse use) {
        tell(listener -> listener.onHandleUse(use));
    }

    @Override
    default void onRefusalOutcome(RefusalOutcome outcome) {
        tell(listener -> listener.onRefusalOutcome(outcome));
    }
}
