package dev.aioscope.diagnosis;

import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Printable;
import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.Units;
import dev.aioscope.output.Json;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.probe.proc.FuseConnection;
import dev.aioscope.probe.proc.Witness;
import dev.aioscope.probe.proc.Witness.ContextCall;
import dev.aioscope.probe.proc.Witness.OpenFile;
import dev.aioscope.probe.proc.Witness.TaskInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the contexts of one process do and wait for, in sentences.
 *
 * @param pid of the process
 * @param tier that the contexts were looked at through
 * @param contexts that it holds; one that is being torn down is not among them
 * @param witness its threads and open files
 * @param devices gives a block device by its numbers
 * @param servers gives what serves a file system in user space, by its numbers
 */
public record Explanation(
        int pid,
        Tier tier,
        List<LiveContext> contexts,
        Witness witness,
        Function<String, Optional<BlockDevice>> devices,
        Function<String, Optional<FuseConnection>> servers) {
    private static final int MOST_SHOWN = 10;

    /** What no request stays on: who reads from a pipe waits inside io_submit. */
    private static final List<String> IMPOSSIBLE = List.of("anon_inode:", "pipe:", "/dev/pts/", "/dev/null");

    /**
     * A thread that waits in a teardown.
     *
     * @param waitReason null if it cannot be told from outside: requests, or a grace period
     * @param siblings threads that are inside a call on the same context
     */
    record Stuck(TaskInfo thread, @Nullable WaitReason waitReason, List<TaskInfo> siblings) {}

    /**
     * What may hold the requests up.
     *
     * @param device null if the file is on none
     * @param server null if none serves the file, or what waits for it is not shown
     */
    record Candidate(
            OpenFile file,
            @Nullable BlockDevice device,
            @Nullable FuseConnection server) {
        boolean isBusy() {
            return (server != null && server.waiting() > 0)
                    || (device != null
                            && (device.isSuspended()
                                    || (device.reads() != null && device.reads() > 0)
                                    || (device.writes() != null && device.writes() > 0)));
        }

        boolean isServed() {
            String type = file.fileSystem();
            return type != null && (type.equals("fuse") || type.startsWith("fuse."));
        }
    }

    /** The threads that wait in a teardown. */
    List<Stuck> stuck() {
        return witness.threads().stream()
                .filter(thread -> thread.trigger() != null)
                .map(this::stuck)
                .toList();
    }

    private Stuck stuck(TaskInfo thread) {
        // Once the ring is unmapped, its place can be that of the next context, and a call on that one.
        boolean isReused = contexts.stream().anyMatch(context -> context.handle() == thread.handle());
        List<TaskInfo> siblings = witness.threads().stream()
                .filter(other -> other.tid() != thread.tid()
                        && thread.handle() != 0
                        && !isReused
                        && other.handle() == thread.handle()
                        && other.call() != ContextCall.IO_DESTROY)
                .toList();
        boolean isLocked = thread.stack().stream().anyMatch(function -> function.startsWith("rwsem_down"));
        WaitReason waitReason = isLocked ? WaitReason.MMAP_LOCK : siblings.isEmpty() ? null : WaitReason.SIBLINGS;
        return new Stuck(thread, waitReason, siblings);
    }

    /** The open files that requests can be on: those on devices with requests in flight if there are any. */
    List<Candidate> candidates() {
        List<Candidate> all = witness.files().stream()
                .filter(file -> IMPOSSIBLE.stream().noneMatch(file.target()::startsWith))
                .map(this::candidate)
                .toList();
        List<Candidate> busy = all.stream().filter(Candidate::isBusy).toList();
        return busy.isEmpty() ? all : busy;
    }

    private Candidate candidate(OpenFile file) {
        Optional<String> numbers = Optional.ofNullable(file.device());
        Candidate candidate = new Candidate(file, numbers.flatMap(devices).orElse(null), null);
        return candidate.isServed()
                ? new Candidate(file, null, numbers.flatMap(servers).orElse(null))
                : candidate;
    }

    /** For people. */
    public List<String> text() {
        List<String> lines = new ArrayList<>(List.of(holds()));
        List<Stuck> stuck = stuck();
        if (stuck.isEmpty()) {
            lines.add("No thread of it waits in a teardown.");
        }
        stuck.stream().limit(MOST_SHOWN).forEach(one -> lines.addAll(text(one)));
        if (stuck.size() > MOST_SHOWN) {
            lines.add((stuck.size() - MOST_SHOWN) + " more threads wait in teardowns.");
        }
        if (stuck.stream().anyMatch(one -> one.waitReason == null)) {
            lines.addAll(textOfCandidates());
        }
        return lines;
    }

    private String holds() {
        Holder holder = new Holder("", contexts);
        String name = Printable.of(witness.threads().get(0).comm());
        return "Process " + pid + " (" + name + ") holds " + counted(contexts.size(), "context")
                + (contexts.isEmpty()
                        ? "."
                        : " with a charge of " + Units.number(holder.charge()) + " and "
                                + Units.number(holder.outstanding()) + " requests outstanding (tier " + tier.label()
                                + ").");
    }

    private static List<String> text(Stuck stuck) {
        TaskInfo thread = stuck.thread;
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("Thread " + name(thread) + " waits uninterruptibly in "
                + (thread.trigger() == Trigger.DESTROY
                        ? "io_destroy of the context 0x" + Long.toHexString(thread.handle()) + "."
                        : "exit_aio: its process ends, by exit or exec, and with it all of its contexts."));
        if (!thread.stack().isEmpty()) {
            lines.add("  Evidence: in the kernel it is in " + String.join(" < ", thread.stack()) + ".");
        }
        lines.addAll(
                stuck.waitReason == WaitReason.SIBLINGS
                        ? siblings(stuck.siblings)
                        : stuck.waitReason == WaitReason.MMAP_LOCK
                                ? List.of(
                                        "  It waits for the lock on its own address space (mmap_lock).",
                                        "  What releases it: the thread that holds the lock, mostly in a page fault or in"
                                                + " mmap.")
                                : requests());
        if (thread.sigkill()) {
            lines.add(
                    "  A SIGKILL is pending already: this thread takes note of it when its wait is over, not before.");
        }
        return lines;
    }

    private static List<String> siblings(List<TaskInfo> siblings) {
        List<String> lines = new ArrayList<>();
        for (TaskInfo sibling : siblings) {
            lines.add("  It waits for thread " + name(sibling) + ", which is inside "
                    + lower(sibling.call()) + " on the same context, in state " + sibling.state()
                    + (sibling.stack().isEmpty() ? "" : ": " + String.join(" < ", sibling.stack())) + ".");
        }
        boolean isKillable = siblings.stream().allMatch(sibling -> sibling.state() == 'S');
        lines.add("  What releases it: that call returns"
                + (isKillable ? "; a signal makes it return, so that kill -9 of the process ends both." : "."));
        if (!isKillable) {
            lines.add("  What does not: kill -9, as long as that thread waits uninterruptibly itself.");
        }
        return lines;
    }

    private static List<String> requests() {
        return List.of(
                "  It waits for requests that are not completed, or for an RCU grace period: which of them cannot be told"
                        + " from outside.",
                "  What releases it: the device or server completes the requests, or fails them.",
                "  What does not: kill -9 does nothing, and no timeout ends this wait.");
    }

    private List<String> textOfCandidates() {
        List<Candidate> candidates = candidates();
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(
                candidates.isEmpty()
                        ? "Candidates: none; it has no file open any more, or the kernel does not show them."
                        : "Candidates, by its open files (which of them the requests are on is not known):");
        candidates.stream().limit(MOST_SHOWN).forEach(candidate -> lines.add("  " + text(candidate)));
        if (candidates.size() > MOST_SHOWN) {
            lines.add("  and " + (candidates.size() - MOST_SHOWN) + " more");
        }
        if (!witness.workers().isEmpty()) {
            lines.add("An fsync or fdatasync by AIO, of this process or of another, hangs in the kernel's thread");
            witness.workers().stream()
                    .limit(MOST_SHOWN)
                    .forEach(worker -> lines.add("  " + name(worker) + ": " + String.join(" < ", worker.stack())));
        }
        lines.add("A daemon in the tier full that has seen the teardown begin knows how many requests are left:"
                + " /api/teardowns.");
        return lines;
    }

    private static String text(Candidate candidate) {
        BlockDevice device = candidate.device;
        FuseConnection server = candidate.server;
        String file = "fd " + candidate.file.fd() + " " + Printable.of(candidate.file.target());
        if (candidate.isServed()) {
            return file + " on a file system in user space (FUSE)"
                    + (server == null
                            ? ""
                            : ": " + Units.number(server.waiting())
                                    + " requests not answered; the end of its server, or a 1 written to "
                                    + server.abort()
                                    + ", makes them fail");
        }
        if (device == null) {
            String type = candidate.file.fileSystem();
            return file + (type == null ? "" : " on " + Printable.of(type));
        }
        return file + " on " + device.name() + " (" + device.numbers() + "): " + Units.number(device.reads())
                + " reads and " + Units.number(device.writes()) + " writes in flight"
                + (device.isSuspended()
                        ? ", SUSPENDED: dmsetup resume lets them go"
                        : device.name().startsWith("dm-") && !candidate.isBusy()
                                ? " (what its target holds back may not be counted)"
                                : "");
    }

    /** As one object. */
    public String json() {
        Holder holder = new Holder("", contexts);
        return Json.line(
                "explanation",
                json -> json.put("pid", pid)
                        .put("comm", witness.threads().get(0).comm())
                        .put("tier", tier.label())
                        .put("contexts", contexts.size())
                        .put("charge", contexts.isEmpty() ? null : holder.charge())
                        .put("outstanding", contexts.isEmpty() ? null : holder.outstanding())
                        .array("teardowns", stuck(), Explanation::put)
                        .array("candidates", candidates(), Explanation::put)
                        .array(
                                "workers",
                                witness.workers(),
                                (inner, worker) -> inner.put("tid", worker.tid())
                                        .put("comm", worker.comm())
                                        .put("kernel_stack", stack(worker)))
                        .put("text", String.join("\n", text())));
    }

    private static void put(Json json, Stuck stuck) {
        Trigger trigger = stuck.thread.trigger();
        json.put("tid", stuck.thread.tid())
                .put("comm", stuck.thread.comm())
                .put("trigger", trigger == null ? null : trigger.label())
                .put("handle", stuck.thread.handle() == 0 ? null : "0x" + Long.toHexString(stuck.thread.handle()))
                .put("waits_for", stuck.waitReason == null ? null : stuck.waitReason.label())
                .put("waiter_sigkill", stuck.thread.sigkill())
                .put("kernel_stack", stack(stuck.thread))
                .array(
                        "siblings",
                        stuck.siblings,
                        (inner, sibling) -> inner.put("tid", sibling.tid())
                                .put("comm", sibling.comm())
                                .put("call", lower(sibling.call()))
                                .put("state", String.valueOf(sibling.state()))
                                .put("kernel_stack", stack(sibling)));
    }

    private static void put(Json json, Candidate candidate) {
        BlockDevice device = candidate.device;
        json.put("fd", candidate.file.fd())
                .put("file", candidate.file.target())
                .put("file_system", candidate.file.fileSystem())
                .put("device", device == null ? null : device.numbers())
                .put("device_name", device == null ? null : device.name())
                .put("reads_in_flight", device == null ? null : device.reads())
                .put("writes_in_flight", device == null ? null : device.writes())
                .put("suspended", device == null ? null : (Boolean) device.isSuspended())
                .put("unanswered", candidate.server == null ? null : (Long) candidate.server.waiting());
    }

    private static @Nullable String stack(TaskInfo thread) {
        return thread.stack().isEmpty() ? null : String.join("\n", thread.stack());
    }

    private static String name(TaskInfo thread) {
        return thread.tid() + " (" + Printable.of(thread.comm()) + ")";
    }

    private static String lower(@Nullable ContextCall call) {
        return call == null ? "" : call.name().toLowerCase(Locale.ROOT);
    }

    private static String counted(int count, String what) {
        return count == 0 ? "no " + what : count + " " + what + (count == 1 ? "" : "s");
    }
}
