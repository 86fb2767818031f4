package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.Host;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.Teardown.End;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.testing.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Scans of the host's tasks without any probe on a call. */
abstract class ScanTests {
    final TestAgent agent;

    ScanTests(TestAgent agent) {
        this.agent = agent;
    }

    /** The charge that these scans report for this argument of io_setup; null if they cannot observe it. */
    abstract @Nullable Integer charge(int given);

    @AfterEach
    void close() {
        agent.close();
    }

    /** The teardowns of this process that a new scan finds in progress. */
    final List<Teardown> inProgress(int pid) {
        agent.scan();
        return agent.lifecycle().teardownsInProgress().stream()
                .map(TeardownInProgress::known)
                .filter(teardown -> teardown.caller() != null
                        && Objects.requireNonNull(teardown.caller()).pid() == pid)
                .toList();
    }

    /**
     * As {@link #inProgress}, once a scan finds one. On a busy guest the reader of /proc can answer too late, and then pauses
     * for a minute.
     */
    final List<Teardown> awaitInProgress(int pid) throws IOException {
        return Await.value(
                "a teardown of " + pid + " in a scan",
                Duration.ofMinutes(3),
                () -> inProgress(pid),
                teardowns -> !teardowns.isEmpty());
    }

    @Test
    void findsHangingDestroyAndNoticesItsEnd() throws IOException {
        try (AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("siblings");
            Teardown teardown =
                    assertThat(awaitInProgress(work.pid())).singleElement().actual();
            assertThat(teardown.trigger()).isEqualTo(Trigger.DESTROY);
            assertThat(teardown.context().handle()).isEqualTo(work.value("handle"));
            assertThat(teardown.caller()).extracting(Task::tid).isEqualTo((int) work.value("destroyer"));
            // The agent started too late to see the beginning.
            assertThat(teardown.phases().killEnterTime()).isNull();
            assertThat(teardown.outstanding()).isNull();
            assertThat(teardown.context().maxReqs()).isNull();
            assertThat(teardown.context().setupTime()).isNull();

            work.proceed();
            work.finish();
            assertThat(inProgress(work.pid())).isEmpty();
            assertThat(agent.teardowns()).singleElement().satisfies(ended -> {
                assertThat(ended.end()).isEqualTo(End.VANISHED);
                assertThat(ended.trigger()).isEqualTo(Trigger.DESTROY);
                assertThat(ended.held()).isNull();
            });
        }
    }

    @Test
    void reportsContextGoneAtNextScanAsVanished() throws IOException {
        try (AioWork work = AioWork.start("destroy", "--charge", "33", "--wait")) {
            work.await("ready");
            agent.scan();
            assertThat(agent.lifecycle().liveContexts())
                    .filteredOn(context -> context.handle() == work.value("handle"))
                    .singleElement()
                    .satisfies(context -> assertThat(context.maxReqs()).isEqualTo(charge(33)));
            work.proceed();
            work.finish();

            agent.scan();
            assertThat(agent.teardowns(work.pid())).singleElement().satisfies(ended -> {
                assertThat(ended.end()).isEqualTo(End.VANISHED);
                assertThat(ended.trigger()).isNull();
                assertThat(ended.context().maxReqs()).isEqualTo(charge(33));
            });
        }
    }

    /** Needs a kernel with the device mapper. */
    final void findAnExitThatWaitsForRequests() throws IOException {
        try (BlockingDevice device = BlockingDevice.suspended();
                AioWork work = AioWork.start(
                        "exit", "--charge", "33", "--outstanding", "10", "--device", device.path(), "--wait")) {
            work.await("ready");
            agent.scan();
            work.proceed();
            // An earlier scan would find the context gone and no task that waits.
            agent.readUntil(
                    "the exit",
                    () -> Host.read("/proc/" + work.pid() + "/stack").orElse("").contains("exit_aio"));

            assertThat(awaitInProgress(work.pid())).singleElement().satisfies(teardown -> {
                assertThat(teardown.trigger()).isEqualTo(Trigger.EXIT);
                assertThat(teardown.context().maxReqs()).isEqualTo(charge(33));
                assertThat(teardown.context().handle()).isEqualTo(work.value("handle"));
                assertThat(Objects.requireNonNull(teardown.caller()).pid()).isEqualTo(work.pid());
            });
            device.release();
            work.finish();
            agent.scan();
            assertThat(agent.teardowns(work.pid())).singleElement().satisfies(ended -> {
                assertThat(ended.end()).isEqualTo(End.VANISHED);
                assertThat(ended.trigger()).isEqualTo(Trigger.EXIT);
            });
        }
    }
}
