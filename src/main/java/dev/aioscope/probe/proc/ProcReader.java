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
 * Looks at one process at a time, for {@link ProcProbes}. Almost all of these files take a reference on the address space
 * of the process while they are read: if it dies meanwhile, this process waits for its requests in its place.
 *
 * <pre>
 *   reads:  pid SPACE time SPACE (contexts or teardowns)     CLOCK_BOOTTIME, ns: the time of the records
 *   says:   completeness SPACE records in base64                  nothing of a process that there is not (any more)
 * </pre>
 */
final class ProcReader {
    /** Records of one process; more would need more memory than this process is given. */
    static final int MOST_RECORDS = 32_768;

    private final ByteBuffer header;
    /** Where each function of the kernel begins that stood on a stack; 0 if that is hidden. */
    private final Map<String, Long> functions = new HashMap<>();

    private final Optional<String> cgroups = Host.read("/proc/self/mounts").flatMap(ProcText::cgroupMount);

    /** Whether all of a process could be read. */
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
     * Begins.
     *
     * @param header where the header of each ring is read to; a direct buffer
     */
    ProcReader(ByteBuffer header) {
        this.header = header.order(ByteOrder.nativeOrder());
    }

    /** Serves stdin until it ends. */
    public static void main(String[] arguments) throws InterruptedException {
        ProcReader reader = new ProcReader(ByteBuffer.allocateDirect(RingHeader.SIZE));
        // So that the first question does not wait for classes to be loaded.
        reader.answer(ProcessHandle.current().pid() + " 0 contexts");
        HelperProcess.serve("ready", reader::answer);
    }

    /** Answers a question. */
    String answer(String question) {
        String[] words = question.split(" ", -1);
        ProcessScan scan = new ProcessScan(Integer.parseInt(words[0]), Long.parseLong(words[1]));
        scan.take(words[2].equals("contexts"));
        return scan.completeness.word() + " " + Base64.getEncoder().encodeToString(scan.records.bytes());
    }

    /** Where in the kernel a thread waits: addresses, which are what records hold; none that the kernel hides. */
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

    /** What is found of one process. */
    private final class ProcessScan {
        private final int pid;
        private final long time;
        private final InventoryRecords records = new InventoryRecords();
        private final Map<Integer, TaskStat> threads = new LinkedHashMap<>();
        /** Of the rings in its memory. */
        private final Set<Long> handles = new HashSet<>();

        /** By the handle; null until it is asked for. */
        private @Nullable Map<Long, Integer> siblings;

        private int count;
        private Completeness completeness = Completeness.COMPLETE;
        private long start;
        private long cgroup;

        ProcessScan(int pid, long time) {
            this.pid = pid;
            this.time = time;
        }

        /** Looks at all threads: the first one can have ended and have no address space any more. */
        void take(boolean withContexts) {
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

        /** A thread in an uninterruptible wait: in a teardown, or in something else. */
        private void waiting(int tid, TaskStat thread) {
            String folder = folder(tid);
            Optional<String> call = Host.read(folder + "syscall");
            // In an exit the registers are those of whatever call was the last.
            Optional<Long> handle = call.filter(text -> thread.hasMemory())
                    .flatMap(ProcText::callOnContext)
                    .filter(on -> on.call() == ContextCall.IO_DESTROY)
                    .map(ProcText.HandleCall::handle);
            String stack = Host.read(folder + "stack").orElse("");
            if (handle.isPresent()) {
                inTeardown(tid, thread, Trigger.DESTROY, handle.get(), stack);
                // One whose ring is there has not come to its wait yet, or the place is that of a later context.
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
            if (isRoom()) {
                boolean sigkill = ProcText.hasPendingSigkill(
                        Host.read(folder(tid) + "status").orElse(""));
                records.taskInTeardown(
                        subject(tid, thread), trigger, handle, sigkill, addresses(ProcText.frames(stack)));
            }
        }

        /** What the threads of a process show of a context that is in no table any more; requests they do not. */
        private void waitReason(int tid, TaskStat thread, long handle, String stack) {
            int inside = siblings().getOrDefault(handle, 0);
            boolean isKnown = inside > 0 || ProcText.isInMmapLock(stack);
            if (isKnown && isRoom()) {
                records.teardownState(
                        subject(tid, thread),
                        inside > 0 ? WaitReason.SIBLINGS : WaitReason.MMAP_LOCK,
                        inside > 0 ? inside : EventLayout.ABSENT_S32);
            }
        }

        /** How many threads are inside a call on the context with each handle, io_destroy left out. */
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
                // It has ended, or is about to: what was read up to then is what is told.
            }
        }

        private void context(Subject owner, ProcText.RingMapping ring, ProcessMemory memory) {
            if (!memory.read(ring.handle(), header) || !isRoom()) {
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
            // What is unique among the living stands for the kernel's addresses: the pid for that of the memory.
            return new Subject(time, pid, cgroup, pid, tid, thread.comm(), start);
        }

        /** The number of its cgroup v2 is that of the folder's inode; 0 if there is none. */
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

        private boolean isRoom() {
            if (count == MOST_RECORDS) {
                completeness = Completeness.PARTIAL;
                return false;
            }
            count++;
            return true;
        }
    }

    /** The memory of a process, opened when it is read for the first time. */
    private static final class ProcessMemory implements AutoCloseable {
        private final Path path;
        private @Nullable FileChannel channel;
        private boolean isRefused;

        ProcessMemory(String path) {
            this.path = Path.of(path);
        }

        /**
         * Reads the header of a ring, which stays empty if the kernel does not let this user.
         *
         * @return false if there is no ring (any more)
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
                // The process has ended, or the context was freed: then a child still shows the ring, which is empty.
                return false;
            }
        }

        private @Nullable FileChannel open() throws IOException {
            try {
                if (channel == null && !isRefused) {
                    channel = FileChannel.open(path, StandardOpenOption.READ);
                }
            } catch (AccessDeniedException e) {
                isRefused = true;
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
