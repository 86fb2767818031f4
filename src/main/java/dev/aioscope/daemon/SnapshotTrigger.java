package dev.aioscope.daemon;

import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Asks the flight recorder for a snapshot when a teardown is stuck and when io_setup is refused, at most once per {@link
 * #PAUSE} for each of the two.
 */
public final class SnapshotTrigger implements LifecycleListener {
    /** Time between two snapshots for the same reason. */
    public static final Duration PAUSE = Duration.ofMinutes(5);

    private static final String STUCK = "stuck";
    private static final String REFUSAL = "refusal";

    private final Consumer<String> recorder;
    private long stuckAfter = Long.MIN_VALUE;
    private long refusalAfter = Long.MIN_VALUE;

    /**
     * Prepares to trigger.
     *
     * @param recorder receives a word for the reason
     */
    public SnapshotTrigger(Consumer<String> recorder) {
        this.recorder = recorder;
    }

    @Override
    public void onFailedCall(FailedCall call) {
        if (call.isQuotaRefusal() && call.returnTime() >= refusalAfter) {
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
