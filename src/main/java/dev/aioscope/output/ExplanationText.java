package dev.aioscope.output;

import dev.aioscope.diagnosis.Disks.Disk;
import dev.aioscope.diagnosis.Explanation;
import dev.aioscope.diagnosis.Explanation.Candidate;
import dev.aioscope.diagnosis.Explanation.StuckThread;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Container;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Printable;
import dev.aioscope.inventory.Holder;
import dev.aioscope.kernel.Units;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.probe.proc.FuseConnection;
import dev.aioscope.probe.proc.Witness.ContextCall;
import dev.aioscope.probe.proc.Witness.TaskInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import oshi.util.FormatUtil;

/** An explanation as sentences for people. */
public final class ExplanationText {
    private static final int MAX_SHOWN = 10;

    private ExplanationText() {}

    /** One line per sentence. */
    public static List<String> of(Explanation explanation) {
        List<String> lines = new ArrayList<>(List.of(holds(explanation)));
        location(explanation.identity()).ifPresent(lines::add);
        List<StuckThread> stuck = explanation.stuck();
        if (stuck.isEmpty()) {
            lines.add("None of its threads waits in a teardown.");
        }
        stuck.stream().limit(MAX_SHOWN).forEach(one -> lines.addAll(thread(one)));
        if (stuck.size() > MAX_SHOWN) {
            lines.add((stuck.size() - MAX_SHOWN) + " more threads wait in teardowns.");
        }
        if (stuck.stream().anyMatch(one -> one.waitReason() == null)) {
            lines.addAll(candidates(explanation));
        }
        return lines;
    }

    private static String holds(Explanation explanation) {
        int contexts = explanation.contexts().size();
        Holder holder = new Holder("", explanation.contexts());
        return "Process " + explanation.pid() + " (" + Printable.of(explanation.comm()) + ") holds "
                + (contexts == 0 ? "no context" : contexts + (contexts == 1 ? " context" : " contexts"))
                + (contexts == 0
                        ? "."
                        : " with a charge of " + Units.number(holder.charge()) + " and "
                                + Units.number(holder.outstanding()) + " requests outstanding (tier "
                                + explanation.tier().label() + ").");
    }

    /** Where the process runs, and its PID there. */
    private static Optional<String> location(Identity identity) {
        Container container = identity.container().orElse(null);
        Integer pid = identity.namespaces().pid();
        return container == null && pid == null
                ? Optional.empty()
                : Optional.of("It runs in "
                        + (container == null ? "its own PID namespace" : Printable.of(container.uniqueLabel()))
                        + (pid == null ? "." : ", where its PID is " + pid + "."));
    }

    private static List<String> thread(StuckThread stuck) {
        TaskInfo thread = stuck.thread();
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("Thread " + name(thread) + " waits uninterruptibly in "
                + TeardownText.call(thread.trigger() == Trigger.DESTROY, thread.handle()));
        if (!thread.stack().isEmpty()) {
            lines.add("  Kernel stack: " + String.join(" < ", thread.stack()) + ".");
        }
        lines.addAll(
                stuck.waitReason() == WaitReason.SIBLINGS
                        ? siblings(stuck.siblings())
                        : stuck.waitReason() == WaitReason.MMAP_LOCK ? mmapLock() : requests());
        if (thread.sigkill()) {
            lines.add("  " + ReleaseText.SIGKILL);
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
        lines.add("  " + ReleaseText.CALL
                + (isKillable ? ". A signal interrupts the call, so kill -9 of the process ends both." : "."));
        if (!isKillable) {
            lines.add("  What does not: kill -9, while that thread itself waits uninterruptibly.");
        }
        return lines;
    }

    private static List<String> mmapLock() {
        return List.of("  It waits for the lock on its own address space (mmap_lock).", "  " + ReleaseText.MMAP_LOCK);
    }

    private static List<String> requests() {
        return List.of(
                "  It waits for outstanding requests or for an RCU grace period; a scan cannot distinguish them.",
                "  " + ReleaseText.REQUESTS,
                "  " + ReleaseText.NOT_KILL);
    }

    private static List<String> candidates(Explanation explanation) {
        List<Candidate> candidates = explanation.candidates();
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(
                candidates.isEmpty()
                        ? "Candidates: none; the process has no file open, or the kernel does not show its files."
                        : "Candidates, by its open files (the scan cannot show which of them the requests are on):");
        candidates.stream().limit(MAX_SHOWN).forEach(candidate -> lines.add("  " + candidate(candidate)));
        if (candidates.size() > MAX_SHOWN) {
            lines.add("  and " + (candidates.size() - MAX_SHOWN) + " more");
        }
        if (!explanation.workers().isEmpty()) {
            lines.add("An AIO fsync or fdatasync, of this or another process, hangs in kernel thread");
            explanation.workers().stream()
                    .limit(MAX_SHOWN)
                    .forEach(worker -> lines.add("  " + name(worker) + ": " + String.join(" < ", worker.stack())));
        }
        lines.add("A daemon in the tier full that observed the start of the teardown reports the number of outstanding"
                + " requests at /api/teardowns.");
        return lines;
    }

    private static String candidate(Candidate candidate) {
        BlockDevice device = candidate.device();
        String file = "fd " + candidate.file().fd() + " "
                + Printable.of(candidate.file().target());
        if (candidate.isServed()) {
            return file + " on a FUSE file system" + server(candidate.server());
        }
        if (device == null) {
            String type = candidate.file().fileSystem();
            return file + (type == null ? "" : " on " + Printable.of(type));
        }
        boolean isUncounted = device.name().startsWith("dm-") && !candidate.isBusy();
        return file + " on " + device.name() + " (" + device.numbers() + disk(candidate.disk()) + "): "
                + Units.number(device.reads())
                + " reads and " + Units.number(device.writes()) + " writes in flight"
                + (device.isSuspended()
                        ? ", SUSPENDED: dmsetup resume releases them"
                        : isUncounted ? " (requests that its target delays may not be counted)" : "");
    }

    private static String disk(@Nullable Disk disk) {
        if (disk == null) {
            return "";
        }
        String size = ", " + FormatUtil.formatBytesDecimal(disk.bytes()) + " disk";
        return disk.model() == null ? size : size + " " + Printable.of(disk.model());
    }

    private static String server(@Nullable FuseConnection server) {
        return server == null
                ? ""
                : ": " + Units.number(server.waiting()) + " unanswered requests; they fail when its server exits, or"
                        + " after echo 1 > " + server.abort();
    }

    private static String name(TaskInfo thread) {
        return thread.tid() + " (" + Printable.of(thread.comm()) + ")";
    }

    private static String lower(@Nullable ContextCall call) {
        return call == null ? "" : call.name().toLowerCase(Locale.ROOT);
    }
}
