package dev.aioscope.agent;

import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.UserStack;
import java.util.List;

/** Tells several listeners, one after the other. */
public record Listeners(List<LifecycleListener> all) implements LifecycleListener {
    /** Copies the list. */
    public Listeners {
        all = List.copyOf(all);
    }

    /** Those, in this order. */
    public static Listeners of(LifecycleListener... listeners) {
        return new Listeners(List.of(listeners));
    }

    @Override
    public void onSetup(Context context) {
        all.forEach(listener -> listener.onSetup(context));
    }

    @Override
    public void onFound(Context context) {
        all.forEach(listener -> listener.onFound(context));
    }

    @Override
    public void onTeardown(Teardown teardown) {
        all.forEach(listener -> listener.onTeardown(teardown));
    }

    @Override
    public void onStack(UserStack stack) {
        all.forEach(listener -> listener.onStack(stack));
    }

    @Override
    public void onFailedCall(FailedCall call) {
        all.forEach(listener -> listener.onFailedCall(call));
    }

    @Override
    public void onRetry(FailedCall call) {
        all.forEach(listener -> listener.onRetry(call));
    }

    @Override
    public void onRefusalOutcome(RefusalOutcome outcome) {
        all.forEach(listener -> listener.onRefusalOutcome(outcome));
    }
}
