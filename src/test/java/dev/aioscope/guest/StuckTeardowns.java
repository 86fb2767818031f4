package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.event.WaitReason;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Scans for teardowns that do not end. */
final class StuckTeardowns {
    private static final Duration SOON = Duration.ofSeconds(2);

    /** A teardown reported as stuck, and the begin of the scan that found it, CLOCK_BOOTTIME ns. */
    record StuckReport(TeardownInProgress teardown, long time) {}

    private StuckTeardowns() {}

    /** The teardowns of this process that a new scan finds in progress. */
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

    /**
     * Scans until the only teardown of this process is reported as stuck; asserts that this is soon and has the wait
     * reason.
     */
    static TeardownInProgress await(TestAgent agent, int pid, WaitReason waitReason) {
        agent.readUntil(pid + " is stuck", () -> {
            agent.lookAround();
            return told(agent, pid).findAny().isPresent();
        });
        StuckReport told = assertThat(told(agent, pid)).singleElement().actual();
        assertToldSoon(told.teardown.age(told.time));
        assertThat(told.teardown.waitReason()).isEqualTo(waitReason);
        return told.teardown;
    }

    private static Stream<StuckReport> told(TestAgent agent, int pid) {
        return agent.stuck().stream().filter(told -> isOf(told.teardown, pid));
    }

    /**
     * Asserts that a teardown was reported as stuck within two seconds of the threshold, by the kernel's clock.
     *
     * @param age its duration at the begin of the scan that found it, ns
     */
    static void assertToldSoon(long age) {
        assertThat(Duration.ofNanos(age)).isBetween(DutyCycle.STUCK_AFTER, DutyCycle.STUCK_AFTER.plus(SOON));
    }
}
