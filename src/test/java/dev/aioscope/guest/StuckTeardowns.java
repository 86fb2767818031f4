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
    /** A teardown reported as stuck, and the begin of the scan that found it, CLOCK_BOOTTIME ns. */
    record StuckReport(TeardownInProgress teardown, long time) {}

    private StuckTeardowns() {}

    /** The teardowns of this process that a new scan finds in progress. */
    static List<TeardownInProgress> inProgress(TestAgent agent, int pid) {
        agent.scan();
        return known(agent, pid);
    }

    private static List<TeardownInProgress> known(TestAgent agent, int pid) {
        return agent.lifecycle().teardownsInProgress().stream()
                .filter(inProgress -> isOf(inProgress, pid))
                .toList();
    }

    private static boolean isOf(TeardownInProgress inProgress, int pid) {
        return isOf(inProgress.known().caller(), pid)
                || isOf(inProgress.known().context().owner(), pid);
    }

    private static boolean isOf(Task task, int pid) {
        return task != null && task.pid() == pid;
    }

    /**
     * Scans until the only teardown of this process is reported as stuck; asserts that it is not too early and has the
     * wait reason.
     */
    static TeardownInProgress await(TestAgent agent, int pid, WaitReason waitReason) {
        agent.readUntil(pid + " is stuck", () -> {
            agent.scan();
            return reports(agent, pid).findAny().isPresent();
        });
        StuckReport report = assertThat(reports(agent, pid)).singleElement().actual();
        assertReportedAfterThreshold(report.teardown.age(report.time));
        assertThat(report.teardown.waitReason()).isEqualTo(waitReason);
        return report.teardown;
    }

    private static Stream<StuckReport> reports(TestAgent agent, int pid) {
        return agent.stuck().stream().filter(report -> isOf(report.teardown, pid));
    }

    /**
     * Asserts that a teardown was not reported as stuck before the threshold, by the kernel's clock.
     *
     * @param age its duration at the begin of the scan that found it, ns
     */
    static void assertReportedAfterThreshold(long age) {
        assertThat(Duration.ofNanos(age)).isGreaterThanOrEqualTo(DutyCycle.STUCK_AFTER);
    }
}
