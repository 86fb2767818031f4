package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SnapshotTriggerTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long PAUSE = SnapshotTrigger.PAUSE.toNanos();

    private final List<String> requested = new ArrayList<>();
    private final SnapshotTrigger snapshots = new SnapshotTrigger(requested::add);

    private void failed(long time, int errno) {
        snapshots.onFailedCall(new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                new Task(7, 7, "db", 0, 0),
                0,
                null,
                time,
                errno,
                null,
                null,
                null,
                null,
                null,
                List.of(),
                null));
    }

    @Test
    void triggersOncePerPauseOnRefusal() {
        failed(SECOND, 22);
        assertThat(requested).isEmpty();
        failed(2 * SECOND, 11);
        failed(3 * SECOND, 11);
        failed(2 * SECOND + PAUSE - 1, 11);
        assertThat(requested).containsExactly("refusal");
        failed(2 * SECOND + PAUSE, 11);
        assertThat(requested).containsExactly("refusal", "refusal");
    }

    private void stuck(long time) {
        TeardownBuilder teardown = new TeardownBuilder();
        teardown.end = Teardown.End.IN_PROGRESS;
        snapshots.onStuck(
                new TeardownInProgress(teardown.build(), time - SECOND, null, null, null, null, List.of(), true), time);
    }

    @Test
    void triggersOncePerPauseOnStuckTeardown() {
        failed(SECOND, 11);
        stuck(2 * SECOND);
        stuck(3 * SECOND);
        stuck(2 * SECOND + PAUSE - 1);
        assertThat(requested).containsExactly("refusal", "stuck");
        stuck(2 * SECOND + PAUSE);
        assertThat(requested).containsExactly("refusal", "stuck", "stuck");
    }
}
