package dev.aioscope.diagnosis;

import dev.aioscope.diagnosis.Disks.Disk;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identity;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.probe.proc.FuseConnection;
import dev.aioscope.probe.proc.Witness;
import dev.aioscope.probe.proc.Witness.ContextCall;
import dev.aioscope.probe.proc.Witness.OpenFile;
import dev.aioscope.probe.proc.Witness.TaskInfo;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the threads of one process wait for in teardowns.
 *
 * @param pid of the process
 * @param comm of the process
 * @param identity of the process
 * @param tier of the scan
 * @param contexts that the process holds, without those in a teardown
 * @param stuck its threads that wait in a teardown
 * @param candidates open files that outstanding requests can belong to: those with requests in flight, or all if none has
 * @param workers kernel threads of the host that hang in an AIO fsync
 */
public record Explanation(
        int pid,
        String comm,
        Identity identity,
        Tier tier,
        List<LiveContext> contexts,
        List<StuckThread> stuck,
        List<Candidate> candidates,
        List<TaskInfo> workers) {
    /** Files that never have AIO requests outstanding: a read from a pipe blocks inside io_submit. */
    private static final List<String> IMPOSSIBLE = List.of("anon_inode:", "pipe:", "/dev/pts/", "/dev/null");

    /**
     * A thread that waits in a teardown.
     *
     * @param waitReason null if unknown: requests, or a grace period
     * @param siblings threads inside a call on the same context
     */
    public record StuckThread(TaskInfo thread, @Nullable WaitReason waitReason, List<TaskInfo> siblings) {}

    /**
     * An open file that outstanding requests can belong to.
     *
     * @param device null if the file is on none
     * @param disk null if the device is no disk or partition
     * @param server null unless a FUSE server with a readable queue serves the file
     */
    public record Candidate(
            OpenFile file,
            @Nullable BlockDevice device,
            @Nullable Disk disk,
            @Nullable FuseConnection server) {
        /** Whether its device is suspended, or requests are in flight. */
        public boolean isBusy() {
            return (server != null && server.waiting() > 0)
                    || (device != null
                            && (device.isSuspended()
                                    || (device.reads() != null && device.reads() > 0)
                                    || (device.writes() != null && device.writes() > 0)));
        }

        /** Whether a FUSE server serves it. */
        public boolean isServed() {
            String type = file.fileSystem();
            return type != null && (type.equals("fuse") || type.startsWith("fuse."));
        }
    }

    /**
     * Explains one process.
     *
     * @param identity of the process
     * @param tier of the scan
     * @param contexts that the process holds, without those in a teardown
     * @param witness its threads and open files
     * @param devices finds a block device by its numbers
     * @param disks finds the disk of a block device
     * @param servers finds a FUSE connection by its device numbers
     */
    public static Explanation of(
            int pid,
            Identity identity,
            Tier tier,
            List<LiveContext> contexts,
            Witness witness,
            Function<String, Optional<BlockDevice>> devices,
            Function<BlockDevice, Optional<Disk>> disks,
            Function<String, Optional<FuseConnection>> servers) {
        List<StuckThread> stuck = witness.threads().stream()
                .filter(thread -> thread.trigger() != null)
                .map(thread -> stuck(thread, witness.threads(), contexts))
                .toList();
        List<Candidate> all = witness.files().stream()
                .filter(file -> IMPOSSIBLE.stream().noneMatch(file.target()::startsWith))
                .map(file -> candidate(file, devices, disks, servers))
                .toList();
        List<Candidate> busy = all.stream().filter(Candidate::isBusy).toList();
        return new Explanation(
                pid,
                witness.threads().get(0).comm(),
                identity,
                tier,
                List.copyOf(contexts),
                stuck,
                busy.isEmpty() ? all : busy,
                witness.workers());
    }

    private static StuckThread stuck(TaskInfo thread, List<TaskInfo> threads, List<LiveContext> contexts) {
        // The kernel can reuse the address of the unmapped ring. Calls on this handle then belong to the next context.
        boolean isReused = contexts.stream().anyMatch(context -> context.handle() == thread.handle());
        List<TaskInfo> siblings = threads.stream()
                .filter(other -> other.tid() != thread.tid()
                        && thread.handle() != 0
                        && !isReused
                        && other.handle() == thread.handle()
                        && other.call() != ContextCall.IO_DESTROY)
                .toList();
        boolean isLocked = thread.stack().stream().anyMatch(function -> function.startsWith("rwsem_down"));
        WaitReason waitReason = isLocked ? WaitReason.MMAP_LOCK : siblings.isEmpty() ? null : WaitReason.SIBLINGS;
        return new StuckThread(thread, waitReason, siblings);
    }

    private static Candidate candidate(
            OpenFile file,
            Function<String, Optional<BlockDevice>> devices,
            Function<BlockDevice, Optional<Disk>> disks,
            Function<String, Optional<FuseConnection>> servers) {
        Optional<String> numbers = Optional.ofNullable(file.device());
        Optional<BlockDevice> device = numbers.flatMap(devices);
        Candidate candidate =
                new Candidate(file, device.orElse(null), device.flatMap(disks).orElse(null), null);
        return candidate.isServed()
                ? new Candidate(file, null, null, numbers.flatMap(servers).orElse(null))
                : candidate;
    }
}
