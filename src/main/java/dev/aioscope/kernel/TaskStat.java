package dev.aioscope.kernel;

import java.util.List;
import java.util.Optional;

/**
 * A task from {@code /proc/PID/stat} or {@code /proc/PID/task/TID/stat}. Reading the file takes a brief reference on the
 * task's address space, so the reader can hang: read it only in a helper process.
 *
 * @param comm the name of the thread
 * @param state one letter; {@code D} is an uninterruptible wait
 * @param start its start, CLOCK_BOOTTIME ns, in steps of 10 ms
 * @param hasMemory whether it has an address space; kernel threads and exited tasks have none
 */
public record TaskStat(String comm, char state, long start, boolean hasMemory) {
    /** The unit of times in the file, ns: 10 ms for any HZ. */
    public static final long TICK = 10_000_000;

    private static final int STATE = 0;
    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;
    private static final int START = 19;
    private static final int MEMORY = 20;

    /** Reads the file; empty if the task does not exist. */
    public static Optional<TaskStat> read(String path) {
        return Host.read(path).flatMap(TaskStat::parse);
    }

    /**
     * The processor time that a process has used, in {@linkplain #TICK ticks}.
     *
     * @param user in its own code
     * @param system in the kernel
     */
    public record CpuTicks(long user, long system) {}

    /** Reads the processor time; empty if the process does not exist. */
    public static Optional<CpuTicks> cpuTicks(String path) {
        List<String> fields = fields(Host.read(path).orElse(""));
        try {
            return fields.size() <= SYSTEM_TICKS
                    ? Optional.empty()
                    : Optional.of(new CpuTicks(
                            Long.parseLong(fields.get(USER_TICKS)), Long.parseLong(fields.get(SYSTEM_TICKS))));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** The fields behind the name, which may contain parentheses and spaces. */
    private static List<String> fields(String text) {
        return List.of(text.substring(text.lastIndexOf(')') + 1).strip().split(" ", -1));
    }

    /** Parses the text; empty if it is invalid. */
    public static Optional<TaskStat> parse(String text) {
        int open = text.indexOf('(');
        int close = text.lastIndexOf(')');
        List<String> fields = fields(text);
        if (open < 0
                || close < open
                || fields.size() <= MEMORY
                || fields.get(STATE).length() != 1) {
            return Optional.empty();
        }
        try {
            return Optional.of(new TaskStat(
                    text.substring(open + 1, close),
                    fields.get(STATE).charAt(0),
                    Math.multiplyExact(Long.parseLong(fields.get(START)), TICK),
                    Long.parseUnsignedLong(fields.get(MEMORY)) != 0));
        } catch (NumberFormatException | ArithmeticException e) {
            return Optional.empty();
        }
    }
}
