package dev.aioscope.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.TaskStat;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.testing.LogLines;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Identifies the holders of contexts that are older than the probes. */
@Timeout(120)
class IdentityCollectorTest {
    private static final int PID = (int) ProcessHandle.current().pid();
    private static final long START =
            TaskStat.read("/proc/self/stat").orElseThrow().start();

    /** Larger than any process id. */
    private static final int NO_PID = 1 << 22;

    @RegisterExtension
    private final LogLines log = new LogLines(IdentityCollector.class);

    private final FakeProbes probes = new FakeProbes();

    private static Event live(int pid) {
        ByteBuffer record = EventBuilder.liveContext()
                .kioctx(pid)
                .mm(pid)
                .task(pid, pid, "db")
                .processStart(START)
                .handle(4096)
                .build();
        return Event.of(record, 0, record.capacity());
    }

    private static Identity identity(Processes processes) {
        return processes.of(new Task(PID, PID, "db", 0, START), PID);
    }

    /** Reads one scan. */
    private void scan(Processes processes) {
        IdentityCollector identities = new IdentityCollector(processes, new LifecycleListener() {});
        try (DutyCycle cycle = new DutyCycle(
                probes, identities, new WallClock(BootClock::now, InstantSource.system()), Duration.ofSeconds(60))) {
            cycle.identifyBy(identities);
            probes.whenEmpty = cycle::stop;
            cycle.run();
        }
        processes.await(Duration.ofMinutes(1));
    }

    @Test
    void readsHolderOfScanUnasked() {
        probes.live.add(live(PID));
        probes.live.add(live(NO_PID));
        try (Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY)) {
            scan(processes);
            assertThat(identity(processes).executable()).endsWith("java");
            assertThat(identity(processes).arguments()).hasSizeGreaterThan(1);
            assertThat(processes.unidentified()).as("it has exited").isEqualTo(1);
        }
    }

    @Test
    void logsRefusedIteratorOnceAndReadsProcesses() {
        probes.identificationFails = true;
        try (Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY)) {
            IdentityCollector identities = new IdentityCollector(processes, new LifecycleListener() {});
            for (int pid : List.of(NO_PID, PID)) {
                identities.onFound(Context.of(pid, pid, pid, 1).withOwner(new Task(pid, pid, "db", 0, START)));
                identities.afterScan(probes, List.of());
            }
            processes.await(Duration.ofMinutes(1));
            assertThat(identity(processes).executable()).endsWith("java");
        }
        assertThat(log.lines())
                .containsExactly("cannot identify processes by BPF: cannot scan the tasks: Operation not permitted"
                        + " (hint: run as root)");
    }

    /** Its context is no longer among those that a scan lists. */
    @Test
    void identifiesOwnerOfTeardownFoundLate() {
        TeardownBuilder found = TeardownBuilder.busy();
        found.context = Context.of(1, 1, PID, 1).withOwner(new Task(PID, PID, "db", 0, START));
        try (Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY)) {
            IdentityCollector identities = new IdentityCollector(processes, new LifecycleListener() {});
            identities.afterScan(
                    probes,
                    List.of(new TeardownInProgress(
                            found.build(), 1, WaitReason.REQUESTS, 2, 0, null, List.of(), true)));
            processes.await(Duration.ofMinutes(1));
            assertThat(processes.ofOwner(found.build()).executable()).endsWith("java");
        }
    }

    @Test
    void neverBlocksOnTenThousandProcesses() {
        for (int i = 0; i < 10_000; i++) {
            probes.live.add(live(NO_PID + i));
        }
        try (Processes processes = Processes.fromRecording(false)) {
            scan(processes);
            assertThat(processes.unidentified()).isZero();
        }
    }
}
