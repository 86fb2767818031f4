package dev.aioscope.probe.proc;

import dev.aioscope.event.EventLayout;
import dev.aioscope.event.InventoryRecords;
import dev.aioscope.event.InventoryRecords.Subject;
import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.TaskStat;
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
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Looks at one process at a time, for {@link ProcProbes}. Almost all of these files take a reference on the address space
 * of the process while they are read: if it dies meanwhile, this process waits for its requests in its place.
 *
 * <pre>
 *   reads:  pid SPACE time SPACE (contexts or teardowns)     CLOCK_BOOTTIME, ns: the time of the records
 *   says:   outcome SPACE records in base64                  nothing of a process that there is not (any more)
 * </pre>
 */
final class ProcReader {
    /** Records of one process; more would need more memory than this process is given. */
    static final int MOST_RECORDS = 32_768;

    private final ByteBuffer header;
    private final Optional<String> cgroups = Host.read("/proc/self/mounts").flatMap(ProcText::cgroupMount);

    /** Whether all of a process could be read. */
    enum Outcome {
        WHOLE,
        /** The kernel does not show it to this user. */
        REFUSED,
        /** It holds more contexts than are read. */
        CUT;

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
        Look look = new Look(Integer.parseInt(words[0]), Long.parseLong(words[1]));
        look.take(words[2].equals("contexts"));
        return look.outcome.word() + " " + Base64.getEncoder().encodeToString(look.records.bytes());
    }

    /** What is found of one process. */
    private final class Look {
        private final int pid;
        private final long time;
        private final InventoryRecords records = new InventoryRecords();
        private int count;
        private Outcome outcome = Outcome.WHOLE;
        private long start;
        private long cgroup;

        Look(int pid, long time) {
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
            boolean isMemoryRead = !withContexts;
            for (String name : tids) {
                int tid = Integer.parseInt(name);
                TaskStat thread =
                        tid == pid ? first : TaskStat.read(folder(tid) + "stat").orElse(null);
                if (thread != null && thread.state() == 'D') {
                    waiting(tid, thread);
                }
                if (thread != null && thread.hasMemory() && !isMemoryRead) {
                    contexts(tid, thread);
                    isMemoryRead = true;
                }
            }
        }

        private String folder(int tid) {
            return "/proc/" + pid + "/task/" + tid + "/";
        }

        /** A thread in an uninterruptible wait: in a teardown, or in something else. */
        private void waiting(int tid, TaskStat thread) {
            String folder = folder(tid);
            Optional<String> call = Host.read(folder + "syscall");
            // In an exit the registers are those of whatever call was the last.
            Optional<Long> handle = call.filter(text -> thread.hasMemory()).flatMap(ProcText::destroyed);
            if (handle.isPresent()) {
                inTeardown(tid, thread, Trigger.DESTROY, handle.get());
            } else if (ProcText.isInExitAio(Host.read(folder + "wchan").orElse(""))
                    || ProcText.isInExitAio(Host.read(folder + "stack").orElse(""))) {
                inTeardown(tid, thread, Trigger.EXIT, EventLayout.ABSENT_U64);
            } else if (call.isEmpty() && thread.hasMemory() && new File(folder).exists()) {
                outcome = Outcome.REFUSED;
            }
        }

        private void inTeardown(int tid, TaskStat thread, Trigger trigger, long handle) {
            if (isRoom()) {
                boolean sigkill = ProcText.hasPendingSigkill(
                        Host.read(folder(tid) + "status").orElse(""));
                records.taskInTeardown(subject(tid, thread), trigger, handle, sigkill);
            }
        }

        private void contexts(int tid, TaskStat thread) {
            try (BufferedReader maps =
                            Files.newBufferedReader(Path.of(folder(tid) + "maps"), StandardCharsets.ISO_8859_1);
                    Memory memory = new Memory(folder(tid) + "mem")) {
                for (String line = maps.readLine(); line != null; line = maps.readLine()) {
                    ProcText.Ring ring = ProcText.ring(line).orElse(null);
                    if (ring != null) {
                        context(subject(tid, thread), ring, memory);
                    }
                }
            } catch (AccessDeniedException e) {
                outcome = Outcome.REFUSED;
            } catch (IOException e) {
                // It has ended, or is about to: what was read up to then is what is told.
            }
        }

        private void context(Subject owner, ProcText.Ring ring, Memory memory) {
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
                outcome = Outcome.CUT;
                return false;
            }
            count++;
            return true;
        }
    }

    /** The memory of a process, opened when it is read for the first time. */
    private static final class Memory implements AutoCloseable {
        private final Path path;
        private @Nullable FileChannel channel;
        private boolean isRefused;

        Memory(String path) {
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
