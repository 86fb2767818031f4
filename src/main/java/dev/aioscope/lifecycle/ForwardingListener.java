package dev.aioscope.lifecycle;

/** Hands all news on; what does more overrides that. */
public class ForwardingListener implements LifecycleListener {
    private final LifecycleListener next;

    /** Hands on to this one. */
    public ForwardingListener(LifecycleListener next) {
        this.next = next;
    }

    @Override
    public void onSetup(Context context) {
        next.onSetup(context);
    }

    @Override
    public void onFound(Context context) {
        next.onFound(context);
    }

    @Override
    public void onTeardown(Teardown teardown) {
        next.onTeardown(teardown);
    }

    @Override
    public void onStack(UserStack stack) {
        next.onStack(stack);
    }

    @Override
    public void onFailedCall(FailedCall call) {
        next.onFailedCall(call);
    }

    @Override
    public void onRetry(FailedCall call) {
        next.onRetry(call);
    }

    @Override
    public void onRefusalOutcome(RefusalOutcome outcome) {
        next.onRefusalOutcome(outcome);
    }
}
