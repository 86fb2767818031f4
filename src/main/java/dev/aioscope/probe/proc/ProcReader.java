package dev.aioscope.probe.proc;

import dev.aioscope.event.EventLayout;
import dev.aioscope.event.InventoryRecords;
import dev.aioscope.event.InventoryRecords.Subject;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Kallsyms;
import dev.aioscope.kernel.TaskStat;
import dev.aioscope.probe.proc.Witness.ContextCall;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Scans one process at a time for {@link ProcProbes}. Reading most files in /proc takes a reference on the address space of
 * the process: if that process dies meanwhile, this one waits for its requests instead.
 *
 * <pre>
 *   reads:  pid SPACE time SPACE (contexts or teardowns)     CLOCK_BOOTTIME, ns: the time of the records
 *   prints: completeness SPACE records in base64             no records for a process that does not exist
 * </pre>
 */
final class ProcReader {
    /** Records per process, limited by the memory of this one. */
    static final int MAX_RECORDS = 32_768;

    private final ByteBuffer header;
    /** The address of each kernel function on a stack; 0 if hidden. */
    private final Map<String, Long> functions = new HashMap<>();

    private final Optional<String> cgroups = Host.read("/proc/self/mounts").flatMap(ProcText::cgroupMount);

    /** How much of a process was readable. */
    enum Completeness {
        COMPLETE,
        /** The kernel does not let this user read it. */
        UNREADABLE,
        /** It has more contexts than the reader reports. */
        PARTIAL;

        /** The word in an answer. */
        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Creates a reader.
     *
     * @param header a direct buffer for the headers of rings
     */
    ProcReader(ByteBuffer header) {
        this.header = header.order(ByteOrder.nativeOrder());
    }

    /** Answers questions until standard input ends. */
    public static void main(String[] arguments) throws InterruptedException {
        ProcReader reader = new ProcReader(ByteBuffer.allocateDirect(RingHeader.SIZE));
        // Loads the classes before the first question.
        reader.answer(ProcessHandle.current().pid() + " 0 contexts");
        HelperProcess.serve("ready", reader::answer);
    }

    /** Answers a question. */
    String answer(String question) {
        String[] words = question.split(" ", -1);
        ProcessScan scan = new ProcessScan(Integer.parseInt(words[0]), Long.parseLong(words[1]));
        scan.run(words[2].equals("contexts"));
        return scan.completeness.word() + " " + Base64.getEncoder().encodeToString(scan.records.bytes());
    }

    /** The addresses of these frames; omits those that the kernel hides. */
    private List<Long> addresses(List<ProcText.StackFrame> frames) {
        Set<String> unknown =
                frames.stream().map(ProcText.StackFrame::function).collect(Collectors.toCollection(HashSet::new));
        unknown.removeAll(functions.keySet());
        if (!unknown.isEmpty()) {
            Kallsyms symbols = Kallsyms.read(unknown);
            unknown.forEach(
                    function -> functions.put(function, symbols.find(function).begin()));
        }
        return frames.stream()
                .filter(frame -> functions.getOrDefault(frame.function(), 0L) != 0)
                .map(frame -> functions.getOrDefault(frame.function(), 0L) + frame.offset())
                .toList();
    }

    /** The scan of one process. */
    private final class ProcessScan {
        private final int pid;
        private final long time;
        private final InventoryRecords records = new InventoryRecords();
        private final Map<Integer, TaskStat> threads = new LinkedHashMap<>();
        /** Handles of the rings in its memory. */
        private final Set<Long> handles = new HashSet<>();

        /** By handle; null before the first use. */
        private @Nullable Map<Long, Integer> siblings;

        private int count;
        private Completeness completeness = Completeness.COMPLETE;
        private long start;
        private long cgroup;

        ProcessScan(int pid, long time) {
            this.pid = pid;
            this.time = time;
        }

        /** Scans all threads, as the first one may have exited and have no address space. */
        void run(boolean withContexts) {
            String[] tids = new File("/proc/" + pid + "/task").list();
            TaskStat first = TaskStat.read(folder(pid) + "stat").orElse(null);
            if (tids == null || first == null) {
                return;
            }
            start = first.start();
            for (String name : tids) {
                int tid = Integer.parseInt(name);
                Optional<TaskStat> thread = tid == pid ? Optional.of(first) : TaskStat.read(folder(tid) + "stat");
                thread.ifPresent(stat -> threads.put(tid, stat));
            }
            if (withContexts) {
                threads.entrySet().stream()
                        .filter(thread -> thread.getValue().hasMemory())
                        .findFirst()
                        .ifPresent(thread -> contexts(thread.getKey(), thread.getValue()));
            }
            threads.forEach((tid, thread) -> {
                if (thread.state() == 'D') {
                    waiting(tid, thread);
                }
            });
        }

        private String folder(int tid) {
            return "/proc/" + pid + "/task/" + tid + "/";
        }

        /** Records a thread in an uninterruptible wait, if it is in a teardown. */
        private void waiting(int tid, TaskStat thread) {
            String folder = folder(tid);
            Optional<String> call = Host.read(folder + "syscall");
            // In an exit the registers are those of the last call.
            Optional<Long> handle = call.filter(text -> thread.hasMemory())
                    .flatMap(ProcText::callOnContext)
                    .filter(on -> on.call() == ContextCall.IO_DESTROY)
                    .map(ProcText.HandleCall::handle);
            String stack = Host.read(folder + "stack").orElse("");
            if (handle.isPresent()) {
                inTeardown(tid, thread, Trigger.DESTROY, handle.get(), stack);
                // A mapped ring means that the wait has not begun, or that a later context has the handle.
                if (!handles.contains(handle.get())) {
                    waitReason(tid, thread, handle.get(), stack);
                }
            } else if (ProcText.isInExitAio(Host.read(folder + "wchan").orElse("")) || ProcText.isInExitAio(stack)) {
                inTeardown(tid, thread, Trigger.EXIT, EventLayout.ABSENT_U64, stack);
            } else if (call.isEmpty() && thread.hasMemory() && new File(folder).exists()) {
                completeness = Completeness.UNREADABLE;
            }
        }

        private void inTeardown(int tid, TaskStat thread, Trigger trigger, long handle, String stack) {
            if (hasRoom()) {
                boolean sigkill = ProcText.hasPendingSigkill(
                        Host.read(folder(tid) + "status").orElse(""));
                records.taskInTeardown(
                        subject(tid, thread), trigger, handle, sigkill, addresses(ProcText.frames(stack)));
            }
        }

        /** Records what the threads show about a context in teardown; they do not show its requests. */
        private void waitReason(int tid, TaskStat thread, long handle, String stack) {
            int inside = siblings().getOrDefault(handle, 0);
            boolean isKnown = inside > 0 || ProcText.isInMmapLock(stack);
            if (isKnown && hasRoom()) {
                records.teardownState(
                        subject(tid, thread),
                        inside > 0 ? WaitReason.SIBLINGS : WaitReason.MMAP_LOCK,
                        inside > 0 ? inside : EventLayout.ABSENT_S32);
            }
        }

        /** The number of threads inside a call other than io_destroy, by handle. */
        private Map<Long, Integer> siblings() {
            Map<Long, Integer> counted = siblings;
            if (counted == null) {
                counted = new HashMap<>();
                for (int tid : threads.keySet()) {
                    ProcText.HandleCall on = Host.read(folder(tid) + "syscall")
                            .flatMap(ProcText::callOnContext)
                            .orElse(null);
                    if (on != null && on.call() != ContextCall.IO_DESTROY) {
                        counted.merge(on.handle(), 1, Integer::sum);
                    }
                }
                siblings = counted;
            }
            return counted;
        }

        private void contexts(int tid, TaskStat thread) {
            try (BufferedReader maps =
                            Files.newBufferedReader(Path.of(folder(tid) + "maps"), StandardCharsets.ISO_8859_1);
                    ProcessMemory memory = new ProcessMemory(folder(tid) + "mem")) {
                for (String line = maps.readLine(); line != null; line = maps.readLine()) {
                    ProcText.RingMapping ring = ProcText.ring(line).orElse(null);
                    if (ring != null) {
                        handles.add(ring.handle());
                        context(subject(tid, thread), ring, memory);
                    }
                }
            } catch (AccessDeniedException e) {
                completeness = Completeness.UNREADABLE;
            } catch (IOException e) {
                // The process has exited or is about to: keep what was read.
            }
        }

        private void context(Subject owner, ProcText.RingMapping ring, ProcessMemory memory) {
            if (!memory.read(ring.handle(), header) || !hasRoom()) {
                return;
            }
            RingHeader read = RingHeader.of(header, ring.slots());
            records.liveContext(
                    owner,
                    ring.inode(),
                    ring.handle(),
                    read == null ? ring.slots() : read.nr(),
                    read == null ? EventLayout.ABSENT_S32 : read.unreaped(),
                    read == null ? EventLayout.ABSENT_S32 : read.id());
        }

        private Subject subject(int tid, TaskStat thread) {
            if (cgroup == 0) {
                cgroup = cgroup();
            }
            // The pid is the substitute for the address of the address space.
            return new Subject(time, pid, cgroup, pid, tid, thread.comm(), start);
        }

        /** The id of its cgroup v2, which is the inode of the directory; 0 if there is none. */
        private long cgroup() {
            Optional<String> path = Host.read("/proc/" + pid + "/cgroup").flatMap(ProcText::cgroup);
            try {
                return cgroups.isEmpty() || path.isEmpty()
                        ? 0
                        : (Long) Files.getAttribute(Path.of(cgroups.get() + path.get()), "unix:ino");
            } catch (IOException | InvalidPathException e) {
                return 0;
            }
        }

        private boolean hasRoom() {
            if (count == MAX_RECORDS) {
                completeness = Completeness.PARTIAL;
                return false;
            }
            count++;
            return true;
        }
    }

    /** The memory of a process, opened at the first read. */
    private static final class ProcessMemory implements AutoCloseable {
        private final Path path;
        private @Nullable FileChannel channel;
        private boolean isUnreadable;

        ProcessMemory(String path) {
            this.path = Path.of(path);
        }

        /**
         * Reads the header of a ring; leaves it empty without the permission.
         *
         * @return false if there is no ring
         */
        boolean read(long address, ByteBuffer header) {
            header.clear().limit(0);
            try {
                FileChannel opened = open();
                if (opened == null) {
                    return true;
                }
                header.limit(RingHeader.SIZE);
                return opened.read(header, address) == RingHeader.SIZE;
            } catch (IOException e) {
                // The process exited, or the context was freed and only a child still maps its empty ring.
                return false;
            }
        }

        private @Nullable FileChannel open() throws IOException {
            try {
                if (channel == null && !isUnreadable) {
                    channel = FileChannel.open(path, StandardOpenOption.READ);
                }
            } catch (AccessDeniedException e) {
                isUnreadable = true;
            }
            return channel;
        }

        @Override
        public void close() throws IOException {
            if (channel != null) {
                channel.close();
            }
        }
    }
}
