package dev.aioscope.probe.proc;

import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.TaskStat;
import dev.aioscope.probe.ProbeException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The state of one possibly stuck process from /proc, read by a helper process that may hang.
 *
 * @param threads all its threads
 * @param files its open files; empty if unreadable
 * @param workers kernel threads in an uninterruptible wait in an fsync or fdatasync by AIO, for any process; empty if the
 *     kernel hides their stacks
 */
public record Witness(List<TaskInfo> threads, List<OpenFile> files, List<TaskInfo> workers) {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int MAX_THREADS = 4096;
    private static final int MAX_FILES = 4096;

    /** Copies the lists. */
    public Witness {
        threads = List.copyOf(threads);
        files = List.copyOf(files);
        workers = List.copyOf(workers);
    }

    /** A call that takes a handle. */
    public enum ContextCall {
        IO_DESTROY,
        IO_SUBMIT,
        IO_GETEVENTS,
        IO_CANCEL,
        IO_PGETEVENTS
    }

    /**
     * A task.
     *
     * @param state one letter; {@code D} is an uninterruptible wait
     * @param call the call that it is inside of; null for another call or none
     * @param handle the argument of the call; 0 for none
     * @param sigkill whether a SIGKILL is pending
     * @param stack kernel functions, innermost first; empty if the kernel hides them
     */
    public record TaskInfo(
            int tid,
            String comm,
            char state,
            @Nullable ContextCall call,
            long handle,
            boolean sigkill,
            List<String> stack) {
        /** Copies the stack. */
        public TaskInfo {
            stack = List.copyOf(stack);
        }

        /** The trigger of the teardown in which it waits; null if there is none. */
        public @Nullable Trigger trigger() {
            if (state != 'D') {
                return null;
            }
            return call == ContextCall.IO_DESTROY ? Trigger.DESTROY : stack.contains("exit_aio") ? Trigger.EXIT : null;
        }
    }

    /**
     * An open file.
     *
     * @param target the target of the link in /proc/PID/fd
     * @param device major:minor of the block device itself, else of its file system; null if unknown
     * @param fileSystem its type, such as {@code ext4} or {@code fuse.sshfs}; null if unknown
     */
    public record OpenFile(
            int fd,
            String target,
            @Nullable String device,
            @Nullable String fileSystem) {}

    /**
     * Reads a process.
     *
     * @throws ProbeException if it does not exist, or the read does not finish in time
     */
    public static Witness of(int pid) {
        try (HelperProcess helper = new HelperProcess(HelperProcess.command(Witness.class), PATIENCE)) {
            String lines = new String(
                    Base64.getDecoder().decode(helper.ask(Integer.toString(pid), PATIENCE)), StandardCharsets.UTF_8);
            Witness witness = parse(lines);
            if (witness.threads.isEmpty()) {
                throw new ProbeException(
                        "cannot read process " + pid + ": no such process", "use the pid of a running process");
            }
            return witness;
        } catch (IOException e) {
            throw new ProbeException(
                    "cannot read process " + pid + ": " + e.getMessage(),
                    "read /proc/" + pid + "/stack in a shell that may hang");
        }
    }

    /** Answers questions until standard input ends. */
    public static void main(String[] arguments) throws InterruptedException {
        HelperProcess.serve("ready", pid -> {
            List<String> lines = new ArrayList<>(threads(Integer.parseInt(pid)));
            lines.addAll(files(Integer.parseInt(pid)));
            lines.addAll(fsyncWorkers());
            return Base64.getEncoder().encodeToString(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
        });
    }

    private static Stream<Integer> numbers(String folder) {
        String[] names = Objects.requireNonNullElse(new File(folder).list(), new String[0]);
        return Arrays.stream(names)
                .filter(name -> name.matches("\\d{1,9}"))
                .map(Integer::valueOf)
                .sorted();
    }

    /** T, tid, comm, state, SIGKILL, number of the call, argument, functions. */
    private static List<String> threads(int pid) {
        String all = "/proc/" + pid + "/task/";
        return numbers(all)
                .limit(MAX_THREADS)
                .flatMap(tid -> TaskStat.read(all + tid + "/stat").stream()
                        .map(stat -> thread("T", tid, stat, all + tid + "/", functions(all + tid + "/"))))
                .toList();
    }

    private static String thread(String kind, int tid, TaskStat stat, String folder, List<String> stack) {
        // In an exit the registers are those of the last call.
        String syscall = stat.hasMemory() ? Host.read(folder + "syscall").orElse("") : "";
        String[] call = ProcText.isIn32BitCall(syscall) ? new String[0] : syscall.split(" ", 3);
        boolean sigkill =
                ProcText.hasPendingSigkill(Host.read(folder + "status").orElse(""));
        return line(
                kind,
                Integer.toString(tid),
                stat.comm(),
                String.valueOf(stat.state()),
                Boolean.toString(sigkill),
                call.length < 3 ? "" : call[0],
                call.length < 3 ? "" : call[1],
                String.join(",", stack));
    }

    private static List<String> functions(String folder) {
        return ProcText.functions(Host.read(folder + "stack").orElse(""));
    }

    /** As for threads, with W. */
    private static List<String> fsyncWorkers() {
        return numbers("/proc")
                .flatMap(pid -> TaskStat.read("/proc/" + pid + "/stat").stream()
                        .filter(stat -> !stat.hasMemory()
                                && stat.state() == 'D'
                                && stat.comm().startsWith("kworker/"))
                        .flatMap(stat -> {
                            List<String> stack = functions("/proc/" + pid + "/");
                            return stack.contains("aio_fsync_work")
                                    ? Stream.of(thread("W", pid, stat, "/proc/" + pid + "/", stack))
                                    : Stream.empty();
                        }))
                .toList();
    }

    /** F, fd, target, device, type of the file system. */
    private static List<String> files(int pid) {
        Map<String, ProcText.Mount> mounts = new HashMap<>();
        Host.read("/proc/" + pid + "/mountinfo")
                .orElse("")
                .lines()
                .flatMap(line -> ProcText.mount(line).stream())
                .forEach(mount -> mounts.put(mount.id(), mount));
        return numbers("/proc/" + pid + "/fd")
                .limit(MAX_FILES)
                .flatMap(fd -> target(pid, fd).map(target -> {
                    ProcText.Mount mount = mounts.getOrDefault(mountOf(pid, fd), ProcText.Mount.UNKNOWN);
                    return line("F", fd.toString(), target, device(target, mount), mount.type());
                }))
                .toList();
    }

    private static Stream<String> target(int pid, int fd) {
        try {
            return Stream.of(Files.readSymbolicLink(Path.of("/proc/" + pid + "/fd/" + fd))
                    .toString());
        } catch (IOException e) {
            // The process closed it.
            return Stream.empty();
        }
    }

    /** From the mount, without access to the file itself, whose file system may hang. */
    private static String device(String target, ProcText.Mount mount) {
        String name = target.startsWith("/dev/") ? target.substring("/dev/".length()) : "";
        String block = name.isEmpty() ? "" : BlockDevice.numbersOf(name);
        return block.isEmpty() ? mount.device() : block;
    }

    private static String mountOf(int pid, int fd) {
        return Host.read("/proc/" + pid + "/fdinfo/" + fd)
                .flatMap(info -> info.lines()
                        .filter(line -> line.startsWith("mnt_id:"))
                        .map(line -> line.substring("mnt_id:".length()).strip())
                        .findFirst())
                .orElse("");
    }

    private static String line(String... fields) {
        return Arrays.stream(fields)
                .map(field -> field.replaceAll("[\\t\\n]", "?"))
                .collect(Collectors.joining("\t"));
    }

    /** Parses the output of {@link #main}. */
    static Witness parse(String lines) {
        List<TaskInfo> threads = new ArrayList<>();
        List<OpenFile> files = new ArrayList<>();
        List<TaskInfo> workers = new ArrayList<>();
        for (String line : lines.split("\n", -1)) {
            String[] f = line.split("\t", -1);
            if (f[0].equals("T") && f.length == 8) {
                threads.add(waiting(f));
            } else if (f[0].equals("W") && f.length == 8) {
                workers.add(waiting(f));
            } else if (f[0].equals("F") && f.length == 5) {
                files.add(new OpenFile(
                        Integer.parseInt(f[1]), f[2], f[3].isEmpty() ? null : f[3], f[4].isEmpty() ? null : f[4]));
            }
        }
        return new Witness(threads, files, workers);
    }

    private static TaskInfo waiting(String[] f) {
        ContextCall call = f[5].isEmpty() ? null : ProcText.call(f[5]);
        return new TaskInfo(
                Integer.parseInt(f[1]),
                f[2],
                f[3].charAt(0),
                call,
                call == null ? 0 : Long.parseUnsignedLong(f[6].replaceFirst("^0x", ""), 16),
                Boolean.parseBoolean(f[4]),
                f[7].isEmpty() ? List.of() : List.of(f[7].split(",", -1)));
    }
}
