package dev.aioscope.daemon;

import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Has the flight recorder set aside what it holds when something has happened that somebody will ask about: a teardown
 * that is stuck, or a refusal. Each kind at most once in {@link #PAUSE}.
 */
public final class SnapshotTrigger implements LifecycleListener {
    /** Between two snapshots of one kind. */
    public static final Duration PAUSE = Duration.ofMinutes(5);

    private static final String STUCK = "stuck";
    private static final String REFUSAL = "refusal";

    private final Consumer<String> recorder;
    private long stuckAfter = Long.MIN_VALUE;
    private long refusalAfter = Long.MIN_VALUE;

    /**
     * Asks for nothing yet.
     *
     * @param recorder is given a word for the reason
     */
    public SnapshotTrigger(Consumer<String> recorder) {
        this.recorder = recorder;
    }

    @Override
    public void onFailedCall(FailedCall call) {
        if (call.isRefusal() && call.returnTime() >= refusalAfter) {
            refusalAfter = call.returnTime() + PAUSE.toNanos();
            recorder.accept(REFUSAL);
        }
    }

    @Override
    public void onStuck(TeardownInProgress teardown, long now) {
        if (now >= stuckAfter) {
            stuckAfter = now + PAUSE.toNanos();
            recorder.accept(STUCK);
        }
    }
}
