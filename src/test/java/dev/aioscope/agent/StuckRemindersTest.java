package dev.aioscope.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.WaitReason;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StuckRemindersTest {
    private final StuckReminders reminders = new StuckReminders();

    private static TeardownInProgress teardown(boolean isStuck) {
        return new TeardownInProgress(
                TeardownBuilder.busy().build(), 0, WaitReason.REQUESTS, 2, 0, false, List.of(), isStuck);
    }

    private List<TeardownInProgress> dueAt(long second, TeardownInProgress... inProgress) {
        return reminders.due(List.of(inProgress), second * 1_000_000_000L);
    }

    @Test
    void repeatsStateAfterGrowingPauses() {
        List<Long> seconds = new ArrayList<>();
        for (long second = 0; second < 12_000; second++) {
            if (!dueAt(second, teardown(true)).isEmpty()) {
                seconds.add(second);
            }
        }
        assertThat(seconds).containsExactly(1L, 11L, 71L, 671L, 4271L, 7871L, 11_471L);
    }

    @Test
    void repeatsNothingForTeardownThatIsNotStuck() {
        assertThat(dueAt(0, teardown(false))).isEmpty();
        assertThat(dueAt(1000, teardown(false))).isEmpty();
        assertThat(dueAt(1001, teardown(true))).as("its first report").isEmpty();
        assertThat(dueAt(1002, teardown(true))).hasSize(1);
    }

    @Test
    void forgetsTeardownThatEnded() {
        dueAt(0, teardown(true));
        assertThat(dueAt(1)).isEmpty();
        assertThat(dueAt(2, teardown(true)))
                .as("the first report of another one")
                .isEmpty();
    }
}
