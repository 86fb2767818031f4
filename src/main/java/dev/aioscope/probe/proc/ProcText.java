package dev.aioscope.probe.proc;

import dev.aioscope.kernel.Host;
import dev.aioscope.probe.proc.Witness.ContextCall;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Parses files of /proc. Methods return empty results for invalid text and never throw. */
final class ProcText {
    /** By the number of the 64-bit system call. */
    private static final Map<String, Witness.ContextCall> CALLS =
            Host.architecture().equals("x86_64")
                    ? Map.of(
                            "207", ContextCall.IO_DESTROY,
                            "208", ContextCall.IO_GETEVENTS,
                            "209", ContextCall.IO_SUBMIT,
                            "210", ContextCall.IO_CANCEL,
                            "333", ContextCall.IO_PGETEVENTS)
                    : Map.of(
                            "1", ContextCall.IO_DESTROY,
                            "2", ContextCall.IO_SUBMIT,
                            "3", ContextCall.IO_CANCEL,
                            "4", ContextCall.IO_GETEVENTS,
                            "292", ContextCall.IO_PGETEVENTS);

    private static final int PAGE = 4096;
    private static final int SIGKILL = 9;

    /** In a line of maps: begin, end, inode. Only rings have this name in a file system without a device. */
    private static final Pattern RING = Pattern.compile(
            "([0-9a-f]{1,16})-([0-9a-f]{1,16}) rw.s [0-9a-f]+ 00:[0-9a-f]+ (\\d{1,18}) +/\\[aio](?: \\(deleted\\))?");

    /** In a syscall: number, first argument, stack pointer, program counter. */
    private static final Pattern CALL =
            Pattern.compile("(\\d{1,9}) 0x([0-9a-f]{1,16}) .* 0x([0-9a-f]{1,16}) 0x([0-9a-f]{1,16})", Pattern.DOTALL);

    /** In a line of mountinfo: id, device, type; optional fields end with a hyphen, names have no spaces. */
    private static final Pattern MOUNT =
            Pattern.compile("(\\d{1,9}) \\d+ (\\d+:\\d+) \\S+ \\S+ \\S+(?: \\S+:\\d+| unbindable)* - (\\S+) .*");

    private static final Pattern FRAME =
            Pattern.compile("^\\[<[0-9a-f]+>\\] (\\S+)\\+0x([0-9a-f]{1,8})/", Pattern.MULTILINE);

    private ProcText() {}

    /**
     * A mapping of a ring, in the process that made the context or in a forked child.
     *
     * @param handle its address: the {@code aio_context_t}
     * @param inode of its file, unique per ring
     * @param slots the number of events that the mapping can hold
     */
    record RingMapping(long handle, long inode, int slots) {}

    /** The ring in this line of {@code maps}. */
    static Optional<RingMapping> ring(String line) {
        // A cheap test excludes most lines.
        Matcher matcher = RING.matcher(line.contains(" /[aio]") ? line : "");
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long begin = Long.parseUnsignedLong(matcher.group(1), 16);
        long end = Long.parseUnsignedLong(matcher.group(2), 16);
        long size = end - begin;
        if (begin <= 0 || size <= 0 || size > Integer.MAX_VALUE || begin % PAGE != 0 || size % PAGE != 0) {
            return Optional.empty();
        }
        long slots = (size - RingHeader.SIZE) / RingHeader.SLOT_SIZE;
        return Optional.of(new RingMapping(begin, Long.parseLong(matcher.group(3)), (int) slots));
    }

    /** A call with a handle. */
    record HandleCall(ContextCall call, long handle) {}

    /** The call with a handle that a thread is inside of, from its {@code syscall}. */
    static Optional<HandleCall> callOnContext(String syscall) {
        Matcher matcher = CALL.matcher(syscall);
        ContextCall call = matcher.matches() ? CALLS.get(matcher.group(1)) : null;
        if (call == null || isIn32BitCall(syscall)) {
            return Optional.empty();
        }
        long handle = Long.parseUnsignedLong(matcher.group(2), 16);
        return handle > 0 && handle % PAGE == 0 ? Optional.of(new HandleCall(call, handle)) : Optional.empty();
    }

    /**
     * Whether a thread is inside a 32-bit call, from its {@code syscall}: these have other numbers, on arm64 3 for read. Only
     * a 32-bit program has its stack and its code below 4 GiB, and a handle there.
     */
    static boolean isIn32BitCall(String syscall) {
        Matcher matcher = CALL.matcher(syscall);
        return matcher.matches()
                && Stream.of(matcher.group(2), matcher.group(3), matcher.group(4))
                        .allMatch(word -> Long.parseUnsignedLong(word, 16) >>> Integer.SIZE == 0);
    }

    /** The call with this number; null if it takes no handle. */
    static @Nullable ContextCall call(String number) {
        return CALLS.get(number);
    }

    /** The functions in a {@code stack}, innermost first. */
    static List<String> functions(String stack) {
        return stack.lines()
                .map(line -> line.substring(line.indexOf(' ') + 1).replaceFirst("\\+0x.*", ""))
                .filter(function -> !function.isBlank())
                .toList();
    }

    /**
     * A frame of a kernel stack.
     *
     * @param offset in the function
     */
    record StackFrame(String function, long offset) {}

    /** The frames in a {@code stack}, innermost first. */
    static List<StackFrame> frames(String stack) {
        return FRAME.matcher(stack)
                .results()
                .map(frame -> new StackFrame(frame.group(1), Long.parseLong(frame.group(2), 16)))
                .toList();
    }

    /** Whether a thread waits for the lock on its address space, from its {@code stack}. */
    static boolean isInMmapLock(String stack) {
        return functions(stack).stream().anyMatch(function -> function.startsWith("rwsem_down"));
    }

    /**
     * A mount in the namespace of a process.
     *
     * @param device major:minor of its file system
     * @param type of its file system
     */
    record Mount(String id, String device, String type) {
        static final Mount UNKNOWN = new Mount("", "", "");
    }

    /** The mount in a line of {@code mountinfo}. */
    static Optional<Mount> mount(String line) {
        Matcher matcher = MOUNT.matcher(line);
        return matcher.matches()
                ? Optional.of(new Mount(matcher.group(1), matcher.group(2), matcher.group(3)))
                : Optional.empty();
    }

    /** Whether a thread is in exit_aio, from its {@code wchan} or {@code stack}. */
    static boolean isInExitAio(String functions) {
        return functions
                .lines()
                .map(line -> line.startsWith("[<") ? line.substring(line.indexOf(' ') + 1) : line)
                .anyMatch(function -> function.equals("exit_aio") || function.startsWith("exit_aio+"));
    }

    /** Whether a SIGKILL is pending for a thread, from its {@code status}. */
    static boolean hasPendingSigkill(String status) {
        return status.lines()
                .filter(line -> line.startsWith("SigPnd:") || line.startsWith("ShdPnd:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .filter(signals -> signals.matches("[0-9a-f]{1,16}"))
                .anyMatch(signals -> (Long.parseUnsignedLong(signals, 16) >>> (SIGKILL - 1) & 1) != 0);
    }

    /** The path of a process's cgroup v2, from its {@code cgroup}; empty if it is outside of the visible tree. */
    static Optional<String> cgroup(String text) {
        return text.lines()
                .filter(line -> line.startsWith("0::/"))
                .map(line -> line.substring("0::".length()))
                .filter(path -> Arrays.stream(path.split("/", -1)).noneMatch(".."::equals))
                .findFirst();
    }

    /** The mount point of cgroup v2, from {@code mounts}. */
    static Optional<String> cgroupMount(String mounts) {
        return mounts.lines()
                .map(line -> line.split(" ", -1))
                .filter(fields -> fields.length >= 3 && fields[2].equals("cgroup2"))
                .map(fields -> fields[1])
                .findFirst();
    }
}
