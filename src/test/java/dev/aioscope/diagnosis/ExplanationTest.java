package dev.aioscope.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.diagnosis.Disks.Disk;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.output.ExplanationJson;
import dev.aioscope.output.ExplanationText;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.probe.proc.FuseConnection;
import dev.aioscope.probe.proc.Witness;
import dev.aioscope.probe.proc.Witness.ContextCall;
import dev.aioscope.probe.proc.Witness.OpenFile;
import dev.aioscope.probe.proc.Witness.TaskInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    private static Optional<Disk> disk(BlockDevice device) {
        return device.numbers().equals("8:1")
                ? Optional.of(new Disk("sda", "Model 870", 512_110_190_592L))
                : Optional.empty();
    }

    private static Explanation of(List<LiveContext> contexts, List<TaskInfo> threads, OpenFile... files) {
        return Explanation.of(
                1,
                Identity.UNKNOWN,
                Tier.SAMPLE,
                contexts,
                new Witness(threads, List.of(files), List.of(WORKER)),
                ExplanationTest::device,
                ExplanationTest::disk,
                ExplanationTest::server);
    }

    private static Optional<FuseConnection> server(String numbers) {
        return numbers.equals("0:57")
                ? Optional.of(new FuseConnection("/sys/fs/fuse/connections/57/abort", 3))
                : Optional.empty();
    }

    private static String text(Explanation explanation) {
        return String.join("\n", ExplanationText.of(explanation));
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
    void namesThreadInsideCallOnSameContext() {
        Explanation explanation = siblingAndFile(List.of());
        assertThat(explanation.stuck()).singleElement().satisfies(stuck -> {
            assertThat(stuck.waitReason()).isEqualTo(WaitReason.SIBLINGS);
            assertThat(stuck.siblings()).extracting(TaskInfo::tid).containsExactly(2);
        });
        assertThat(text(explanation))
                .contains("Thread 1 (db) waits uninterruptibly in io_destroy of the context 0x7f0000000000.")
                .contains("It waits for thread 2 (db), which is inside io_submit on the same context")
                .contains("kill -9 of the process ends both")
                .doesNotContain("Candidates");
    }

    @Test
    void doesNotSuggestSignalForUninterruptibleSibling() {
        Explanation explanation =
                of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY), thread(2, 'D', ContextCall.IO_SUBMIT)));
        assertThat(text(explanation)).contains("What does not: kill -9").doesNotContain("ends both");
    }

    @Test
    void listsFilesOnBusyDevicesIfThereIsNoSibling() {
        Explanation explanation = of(
                List.of(),
                List.of(new TaskInfo(1, "db", 'D', null, 0, true, List.of("exit_aio", "mmput"))),
                IDLE,
                BUSY);
        assertThat(explanation.stuck().get(0).waitReason()).isNull();
        assertThat(explanation.candidates())
                .extracting(candidate -> candidate.file().fd())
                .containsExactly(4);
        assertThat(text(explanation))
                .contains("exit_aio: its process exits or calls exec")
                .contains("kill -9 has no effect")
                .contains("A SIGKILL is pending.")
                .contains("0 reads and 7 writes in flight, SUSPENDED");
    }

    @Test
    void listsFileWithUnansweredFuseRequests() {
        OpenFile file = new OpenFile(5, "/mnt/remote/data", "0:57", "fuse.sshfs");
        Explanation explanation = of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), IDLE, file);
        assertThat(explanation.candidates())
                .extracting(candidate -> candidate.file().fd())
                .containsExactly(5);
        assertThat(text(explanation))
                .contains("fd 5 /mnt/remote/data on a FUSE file system: 3 unanswered requests; they fail when its"
                        + " server exits, or after echo 1 > /sys/fs/fuse/connections/57/abort");
        assertThat(ExplanationJson.of(explanation))
                .contains("\"file_system\":\"fuse.sshfs\"")
                .contains("\"unanswered\":3");
    }

    @Test
    void listsFuseFileWithUnreadableConnection() {
        OpenFile file = new OpenFile(5, "/mnt/remote/data", "0:58", "fuse");
        OpenFile remote = new OpenFile(6, "/mnt/nfs/data", "0:59", "nfs4");
        assertThat(text(of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), file, remote)))
                .contains("fd 5 /mnt/remote/data on a FUSE file system\n")
                .contains("fd 6 /mnt/nfs/data on nfs4\n");
    }

    @Test
    void listsKernelThreadThatHangsInFsync() {
        Explanation explanation = of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), IDLE);
        assertThat(text(explanation))
                .contains("An AIO fsync or fdatasync, of this or another process, hangs in kernel thread\n"
                        + "  33 (kworker/0:1+dio): folio_wait_writeback < aio_fsync_work");
        assertThat(ExplanationJson.of(explanation))
                .contains("\"workers\":[{\"tid\":33,\"comm\":\"kworker/0:1+dio\","
                        + "\"kernel_stack\":\"folio_wait_writeback\\naio_fsync_work\"}]");
    }

    @Test
    void namesDiskOfFile() {
        Explanation explanation = of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), IDLE);

        assertThat(text(explanation)).contains("on dev8:1 (8:1, 512.1 GB disk Model 870): 0 reads");
        assertThat(ExplanationJson.of(explanation))
                .contains("\"disk_model\":\"Model 870\",\"disk_bytes\":512110190592");
    }

    @Test
    void findsDiskOfPartition(@TempDir Path sysfs) throws IOException {
        Path disk = Files.createDirectories(sysfs.resolve("nvme/nvme0/nvme0n1"));
        Path partition = Files.createDirectories(disk.resolve("nvme0n1p2"));
        Files.createFile(partition.resolve("partition"));
        Path mapped = sysfs.resolve("virtual/block/dm-0");
        Files.createDirectories(mapped.resolve("slaves/nvme0n1p2"));

        assertThat(Disks.wholeDevice(disk)).contains("nvme0n1");
        assertThat(Disks.wholeDevice(partition)).contains("nvme0n1");
        assertThat(Disks.wholeDevice(mapped)).isEmpty();
    }

    /** As with dm-delay: the kernel counts a request only after the target forwards it. */
    @Test
    void warnsThatMappedDeviceCountsFewerRequests() {
        BlockDevice mapped = new BlockDevice("254:0", "dm-0", 0L, 0L, false);
        Explanation explanation = Explanation.of(
                1,
                Identity.UNKNOWN,
                Tier.SAMPLE,
                List.of(),
                new Witness(List.of(thread(1, 'D', ContextCall.IO_DESTROY)), List.of(IDLE), List.of()),
                numbers -> Optional.of(mapped),
                device -> Optional.empty(),
                ExplanationTest::server);
        assertThat(text(explanation))
                .contains(
                        "on dm-0 (254:0): 0 reads and 0 writes in flight (requests that its target delays may not be counted)");
    }

    @Test
    void namesContainerAndPidInIt() {
        Identity identity = new Identity(
                null,
                "/usr/bin/db",
                List.of("db"),
                false,
                "mysql",
                null,
                "/kubepods/pod01234567-89ab-cdef-0123-456789abcdef/" + "0123456789abcdef".repeat(4),
                new Namespaces(7, "db-0"));
        Explanation explanation = Explanation.of(
                1,
                identity,
                Tier.SAMPLE,
                List.of(),
                new Witness(List.of(thread(1, 'S', null)), List.of(), List.of()),
                ExplanationTest::device,
                ExplanationTest::disk,
                ExplanationTest::server);

        assertThat(text(explanation)).contains("It runs in kubernetes:db-0/0123456789ab, where its PID is 7.");
        assertThat(ExplanationJson.of(explanation))
                .contains(
                        "\"namespace_pid\":7,",
                        "\"pod_name\":\"db-0\",\"pod_namespace\":null,\"container_name\":null,");
    }

    @Test
    void excludesPipesFromCandidates() {
        OpenFile pipe = new OpenFile(0, "pipe:[1]", "0:14", null);
        assertThat(of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), pipe, IDLE)
                        .candidates())
                .extracting(candidate -> candidate.file().fd())
                .containsExactly(3);
    }

    @Test
    void ignoresCallOnNextContextWithSameHandle() {
        LiveContext next = new LiveContext(new Task(1, 1, "db", 1, 0), null, 1, HANDLE, 64, 127, 0, 0);
        Explanation explanation = of(
                List.of(next),
                List.of(thread(1, 'D', ContextCall.IO_DESTROY), thread(2, 'S', ContextCall.IO_GETEVENTS)),
                BUSY);
        assertThat(explanation.stuck().get(0).waitReason()).isNull();
        assertThat(explanation.stuck().get(0).siblings()).isEmpty();
    }

    @Test
    void listsAllFilesIfNoDeviceIsBusy() {
        Explanation explanation = of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY)), IDLE);
        assertThat(explanation.candidates()).hasSize(1);
    }

    @Test
    void recognizesMmapLockOnStack() {
        Explanation explanation =
                of(List.of(), List.of(thread(1, 'D', ContextCall.IO_DESTROY, "rwsem_down_read_slowpath")), BUSY);
        assertThat(explanation.stuck().get(0).waitReason()).isEqualTo(WaitReason.MMAP_LOCK);
        assertThat(text(explanation)).contains("mmap_lock").doesNotContain("Candidates");
    }

    @Test
    void ignoresThreadsOutsideTeardowns() {
        Explanation explanation = of(
                List.of(),
                List.of(thread(1, 'S', ContextCall.IO_GETEVENTS), thread(2, 'D', null, "folio_wait_bit")),
                BUSY);
        assertThat(explanation.stuck()).isEmpty();
        assertThat(ExplanationText.of(explanation))
                .contains("None of its threads waits in a teardown.")
                .hasSize(2);
    }
}
