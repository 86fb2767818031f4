package dev.aioscope.kernel;

import java.util.List;
import java.util.Optional;

/**
 * What {@code /proc/PID/stat} or {@code /proc/PID/task/TID/stat} tells of a task. To read it takes a reference on the
 * task's address space for a moment: not to be done where a hang would hurt.
 *
 * @param comm the name of the thread
 * @param state one letter; {@code D} is an uninterruptible wait
 * @param start when it began, CLOCK_BOOTTIME ns, to a hundredth of a second
 * @param hasMemory whether it has an address space: kernel threads and those that have exited do not
 */
public record TaskStat(String comm, char state, long start, boolean hasMemory) {
    /** The kernel tells times in hundredths of a second, whatever its HZ is. */
    public static final long TICK = 10_000_000;

    private static final int STATE = 0;
    private static final int START = 19;
    private static final int MEMORY = 20;

    /** Reads the file; empty if there is no such task (any more). */
    public static Optional<TaskStat> read(String path) {
        return Host.read(path).flatMap(TaskStat::parse);
    }

    /** Reads its text; empty if it is no such text. The name is whatever the program likes, brackets and spaces too. */
    public static Optional<TaskStat> parse(String text) {
        int open = text.indexOf('(');
        int close = text.lastIndexOf(')');
        if (open < 0 || close < open) {
            return Optional.empty();
        }
        List<String> fields = List.of(text.substring(close + 1).strip().split(" ", -1));
        if (fields.size() <= MEMORY || fields.get(STATE).length() != 1) {
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
