package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Collects all reports. */
public class RecordingListener implements LifecycleListener {
    public final List<Context> setups = new ArrayList<>();
    public final List<UserStack> stacks = new ArrayList<>();
    public final List<Straggler> stragglers = new ArrayList<>();
    public final List<Teardown> teardowns = new ArrayList<>();
    public final List<FailedCall> failedCalls = new ArrayList<>();
    public final List<HandleUse> uses = new ArrayList<>();
    public final List<RefusalOutcome> outcomes = new ArrayList<>();
    final List<TeardownInProgress> woken = new ArrayList<>();
    int retries;

    @Override
    public void onStack(UserStack stack) {
        stacks.add(stack);
    }

    @Override
    public void onSetup(Context context) {
        setups.add(context);
    }

    @Override
    public void onTeardown(Teardown teardown) {
        teardowns.add(teardown);
    }

    @Override
    public void onStraggler(Straggler straggler) {
        stragglers.add(straggler);
    }

    @Override
    public void onWoken(TeardownInProgress teardown) {
        woken.add(teardown);
    }

    @Override
    public void onFailedCall(FailedCall call) {
        failedCalls.add(call);
    }

    @Override
    public void onRetry(FailedCall call) {
        failedCalls.add(call);
        retries++;
    }

    @Override
    public void onHandleUse(HandleUse use) {
        uses.add(use);
    }

    @Override
    public void onRefusalOutcome(RefusalOutcome outcome) {
        outcomes.add(outcome);
    }

    static void feed(Lifecycle lifecycle, EventBuilder... records) {
        for (EventBuilder record : records) {
            feed(lifecycle, record.build());
        }
    }

    static void feed(Lifecycle lifecycle, ByteBuffer record) {
        lifecycle.accept(Event.of(record, 0, record.limit()));
    }
}
