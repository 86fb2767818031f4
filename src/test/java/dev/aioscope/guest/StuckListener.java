package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.event.WaitReason;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** ScanTests at teardowns that do not end. */
final class StuckListener {
    private static final Duration SOON = Duration.ofSeconds(2);

    /** One that has lasted for long, and when the look that found it so began, CLOCK_BOOTTIME ns. */
    record Told(TeardownInProgress teardown, long time) {}

    private StuckListener() {}

    /** Those of this process, as a look finds them now. */
    static List<TeardownInProgress> inProgress(TestAgent agent, int pid) {
        agent.lookAround();
        return known(agent, pid);
    }

    private static List<TeardownInProgress> known(TestAgent agent, int pid) {
        return agent.lifecycle().teardownsInProgress().stream()
                .filter(going -> isOf(going, pid))
                .toList();
    }

    private static boolean isOf(TeardownInProgress going, int pid) {
        return isOf(going.known().caller(), pid) || isOf(going.known().context().owner(), pid);
    }

    private static boolean isOf(Task task, int pid) {
        return task != null && task.pid() == pid;
    }

    /** ScanTests until the only one of this process is told to be stuck, which must be soon, and waiting for this. */
    static TeardownInProgress await(TestAgent agent, int pid, WaitReason waitReason) {
        agent.readUntil(pid + " is stuck", () -> {
            agent.lookAround();
            return told(agent, pid).findAny().isPresent();
        });
        Told told = assertThat(told(agent, pid)).singleElement().actual();
        assertToldSoon(told.teardown.age(told.time));
        assertThat(told.teardown.waitReason()).isEqualTo(waitReason);
        return told.teardown;
    }

    private static Stream<Told> told(TestAgent agent, int pid) {
        return agent.stuck().stream().filter(told -> isOf(told.teardown, pid));
    }

    /**
     * Asserts that a teardown was told to be stuck within two seconds of the threshold, on the clock of the kernel.
     *
     * @param age how long it had lasted when the look that told of it began, ns
     */
    static void assertToldSoon(long age) {
        assertThat(Duration.ofNanos(age)).isBetween(DutyCycle.STUCK_AFTER, DutyCycle.STUCK_AFTER.plus(SOON));
    }
}
