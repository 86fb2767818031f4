package dev.aioscope.probe.proc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.event.TaskInTeardownEvent;
import dev.aioscope.event.Trigger;
import dev.aioscope.guest.AioWork;
import dev.aioscope.guest.BlockingDevice;
import dev.aioscope.kernel.Host;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.ScanGaps;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A reader of a dying process's memory can end up waiting for the requests of that process. */
@Tag("guest")
@Tag("turn1")
class HazardGuestTest {
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final List<ProcessHandle> hanging = new ArrayList<>();

    @Test
    void abandonsReadersThatHangInKernel() throws Exception {
        try (BlockingDevice device = BlockingDevice.suspended();
                ProcProbes probes = new ProcProbes(HoldingReader.class, PATIENCE, 2)) {
            awaitCompleteScan(probes);
            killWhileItIsRead(device, probes);

            // The next scan is complete and finds the killed reader itself in exit_aio.
            assertThat(awaitCompleteScan(probes))
                    .containsExactly((int) hanging.get(0).pid());

            // The number of hung readers is limited.
            killWhileItIsRead(device, probes);
            assertThatThrownBy(() -> probes.inventory(event -> {}))
                    .isInstanceOf(ProbeException.class)
                    .hasMessageContaining("cannot scan /proc: 2 readers hang");

            device.release();
            for (ProcessHandle reader : hanging) {
                reader.onExit().get(60, TimeUnit.SECONDS);
            }
            awaitCompleteScan(probes);
        }
    }

    /** Returns the processes in exit_aio. On a busy host another process can time out as well. */
    private static Set<Integer> awaitCompleteScan(ProcProbes probes) {
        Set<Integer> inExit = new HashSet<>();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        ScanGaps gaps;
        do {
            gaps = probes.inventory(event -> {
                if (event instanceof TaskInTeardownEvent task && task.trigger() == Trigger.EXIT) {
                    inExit.add(event.pid());
                }
            });
        } while (!gaps.equals(ScanGaps.NONE) && System.nanoTime() < deadline);
        assertThat(gaps).isEqualTo(ScanGaps.NONE);
        return inExit;
    }

    /** Scans a process with an outstanding request, which the reader kills. */
    private void killWhileItIsRead(BlockingDevice device, ProcProbes probes) throws IOException {
        ProcessHandle reader = ProcessHandle.current()
                .children()
                .filter(child -> !hanging.contains(child))
                .findFirst()
                .orElseThrow();
        try (AioWork work = AioWork.start("exit", "--outstanding", "1", "--device", device.path(), "--wait")) {
            work.await("ready");
            ScanGaps gaps = probes.inventory(event -> {});

            // The agent has its answer; the reader waits for the request instead of the process.
            assertThat(gaps.partial()).contains(work.pid());
            assertThat(new File("/proc/" + work.pid())).doesNotExist();
            assertThat(stacks(reader)).contains("exit_aio");
            hanging.add(reader);
        }
    }

    private static String stacks(ProcessHandle process) {
        String folder = "/proc/" + process.pid() + "/task/";
        return Arrays.stream(new File(folder).list())
                .map(tid -> Host.read(folder + tid + "/stack").orElse(""))
                .collect(Collectors.joining());
    }
}
