package dev.aioscope.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.WaitReason;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.probe.proc.FuseConnection;
import dev.aioscope.probe.proc.Witness;
import dev.aioscope.probe.proc.Witness.ContextCall;
import dev.aioscope.probe.proc.Witness.OpenFile;
import dev.aioscope.probe.proc.Witness.TaskInfo;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

public class ExplanationTest {
    private static final long HANDLE = 0x7f00_0000_0000L;
    private static final OpenFile IDLE = new OpenFile(3, "/var/lib/db/log", "8:1", "ext4");
    private static final OpenFile BUSY = new OpenFile(4, "/var/lib/db/data", "253:0", "xfs");

    private static final TaskInfo WORKER =
            new TaskInfo(33, "kworker/0:1+dio", 'D', null, 0, false, List.of("folio_wait_writeback", "aio_fsync_work"));

    private static TaskInfo thread(int tid, char state, ContextCall call, String... stack) {
        return new TaskInfo(tid, "db", state, call, call == null ? 0 : HANDLE, false, List.of(stack));
    }

    private static Optional<BlockDevice> device(String numbers) {
        return numbers.startsWith("0:")
                ? Optional.empty()
                : Optional.of(new BlockDevice(
                        numbers, "dev" + numbers, 0L, numbers.equals("253:0") ? 7L : 0L, numbers.equals("253:0")));
    }

    private static Explanation of(List<LiveContext> contexts, List<TaskInfo> threads, OpenFile... files) {
        return new Explanation(
                1,
                Tier.SAMPLE,
                contexts,
                new Witness(threads, List.of(files), List.of(WORKER)),
                ExplanationTest::device,
                ExplanationTest::server);
    }

    private static Optional<FuseConnection> server(String numbers) {
        return numbers.equals("0:57")
                ? Optional.of(new FuseConnection("/sys/fs/fuse/connections/57/abort", 3))
                : Optional.empty();
    }

    public static Explanation siblingAndFile(List<LiveContext> contexts) {
        return of(
                contexts,
                List.of(
                        thread(1, 'D', ContextCall.IO_DESTROY, "__x64_sys_io_destroy"),
                        thread(2, 'S', ContextCall.IO_SUBMIT, "pipe_read")),
                IDLE,
                BUSY);
    }

    @Test
    void aThreadInsideACallOnTheSameContextIsWhatIsWaitedFor() {
        Explanation explanation = siblingAndFile(List.of());
        assertThat(explanation.stuck()).singleElement().satisfies(stuck -> {
            assertThat(stuck.waitReason()).isEqualTo(WaitReason.SIBLINGS);
            assertThat(stuck.siblings()).extracting(TaskInfo::tid).containsExactly(2);
        });
        assertThat(String.join("\n", explanation.text()))
                .contains("Thread 1 (db) waits uninterruptibly in io_destroy of the context 0x7f0000000000.")
                .contains("It waits for thread 2 (db), which is inside io_submit on the same context")
                .contains("kill -9 of the process ends both")
                .doesNotContain("Candidates");
    }

    @Test
    void aSiblingThatIsUninterruptibleItselfIsNotEndedByASignal() {
        Explanation explanation =
                of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY), thread(2, 'D', ContextCall.IO_SUBMIT)));
        assertThat(String.join("\n", explanation.text()))
                .contains("What does not: kill -9")
                .doesNotContain("ends both");
    }

    @Test
    void withoutSiblingRequestsAreAPossibilityAndBusyDevicesTheCandidates() {
        Explanation explanation = of(
                List.of(),
                List.of(new TaskInfo(1, "db", 'D', null, 0, true, List.of("exit_aio", "mmput"))),
                IDLE,
                BUSY);
        assertThat(explanation.stuck().get(0).waitReason()).isNull();
        assertThat(explanation.candidates())
                .extracting(candidate -> candidate.file().fd())
                .containsExactly(4);
        assertThat(String.join("\n", explanation.text()))
                .contains("exit_aio: its process ends")
                .contains("kill -9 does nothing")
                .contains("A SIGKILL is pending already")
                .contains("0 reads and 7 writes in flight, SUSPENDED");
    }

    @Test
    void aServerInUserSpaceThatDoesNotAnswerIsACandidate() {
        OpenFile file = new OpenFile(5, "/mnt/remote/data", "0:57", "fuse.sshfs");
        Explanation explanation = of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), IDLE, file);
        assertThat(explanation.candidates())
                .extracting(candidate -> candidate.file().fd())
                .containsExactly(5);
        assertThat(String.join("\n", explanation.text()))
                .contains("fd 5 /mnt/remote/data on a file system in user space (FUSE): 3 requests not answered;"
                        + " the end of its server, or a 1 written to /sys/fs/fuse/connections/57/abort, makes them"
                        + " fail");
        assertThat(explanation.json())
                .contains("\"file_system\":\"fuse.sshfs\"")
                .contains("\"unanswered\":3");
    }

    @Test
    void aServerOfWhichNothingIsShownIsStillNamed() {
        OpenFile file = new OpenFile(5, "/mnt/remote/data", "0:58", "fuse");
        OpenFile remote = new OpenFile(6, "/mnt/nfs/data", "0:59", "nfs4");
        assertThat(String.join(
                        "\n",
                        of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), file, remote)
                                .text()))
                .contains("fd 5 /mnt/remote/data on a file system in user space (FUSE)\n")
                .contains("fd 6 /mnt/nfs/data on nfs4\n");
    }

    @Test
    void aWorkerThatHangsInAnFsyncIsShownAsOneThatMayBeWaitedFor() {
        Explanation explanation = of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), IDLE);
        assertThat(String.join("\n", explanation.text()))
                .contains("An fsync or fdatasync by AIO, of this process or of another, hangs in the kernel's thread\n"
                        + "  33 (kworker/0:1+dio): folio_wait_writeback < aio_fsync_work");
        assertThat(explanation.json())
                .contains("\"workers\":[{\"tid\":33,\"comm\":\"kworker/0:1+dio\","
                        + "\"kernel_stack\":\"folio_wait_writeback\\naio_fsync_work\"}]");
    }

    /** Such as dm-delay: the kernel counts a request from when its target hands it on. */
    @Test
    void aMappedDeviceMayHoldMoreBackThanIsCounted() {
        BlockDevice mapped = new BlockDevice("254:0", "dm-0", 0L, 0L, false);
        Explanation explanation = new Explanation(
                1,
                Tier.SAMPLE,
                List.of(),
                new Witness(List.of(thread(1, 'D', ContextCall.IO_DESTROY)), List.of(IDLE), List.of()),
                numbers -> Optional.of(mapped),
                ExplanationTest::server);
        assertThat(String.join("\n", explanation.text()))
                .contains(
                        "on dm-0 (254:0): 0 reads and 0 writes in flight (what its target holds back may not be counted)");
    }

    @Test
    void noRequestStaysOnAPipe() {
        OpenFile pipe = new OpenFile(0, "pipe:[1]", "0:14", null);
        assertThat(of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), pipe, IDLE)
                        .candidates())
                .extracting(candidate -> candidate.file().fd())
                .containsExactly(3);
    }

    @Test
    void aCallOnTheNextContextAtTheSamePlaceIsNotWaitedFor() {
        LiveContext next = new LiveContext(new Task(1, 1, "db", 1, 0), null, 1, HANDLE, 64, 127, 0, 0);
        Explanation explanation = of(
                List.of(next),
                List.of(thread(1, 'D', ContextCall.IO_DESTROY), thread(2, 'S', ContextCall.IO_GETEVENTS)),
                BUSY);
        assertThat(explanation.stuck().get(0).waitReason()).isNull();
        assertThat(explanation.stuck().get(0).siblings()).isEmpty();
    }

    @Test
    void whereNoDeviceIsBusyAllFilesAreCandidates() {
        Explanation explanation = of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), IDLE);
        assertThat(explanation.candidates()).hasSize(1);
    }

    @Test
    void theLockOnTheAddressSpaceIsSeenOnTheStack() {
        Explanation explanation =
                of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY, "rwsem_down_read_slowpath")), BUSY);
        assertThat(explanation.stuck().get(0).waitReason()).isEqualTo(WaitReason.MMAP_LOCK);
        assertThat(String.join("\n", explanation.text())).contains("mmap_lock").doesNotContain("Candidates");
    }

    @Test
    void whoDoesNotWaitInATeardownIsNotStuck() {
        Explanation explanation = of(
                List.of(),
                List.of(thread(1, 'S', ContextCall.IO_GETEVENTS), thread(2, 'D', null, "folio_wait_bit")),
                BUSY);
        assertThat(explanation.stuck()).isEmpty();
        assertThat(explanation.text())
                .contains("No thread of it waits in a teardown.")
                .hasSize(2);
    }
}
