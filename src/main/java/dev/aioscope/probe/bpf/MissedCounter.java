package dev.aioscope.probe.bpf;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * How often the kernel skipped programs and kprobes since they attached. The number never falls: it includes those that have
 * detached, and a number that the kernel resets or no longer reports does not count less. Thread-safe.
 */
public final class MissedCounter {
    private final IntFunction<@Nullable Long> programCount;
    private final IntFunction<@Nullable Long> kprobeCount;
    private final Map<Integer, Source> sources = new LinkedHashMap<>();
    private long retired;
    private long highest;

    /**
     * A program or kprobe that counts.
     *
     * @param count reads its number by its file descriptor; null if the kernel has none
     * @param before the number that was there at the beginning
     */
    private record Source(IntFunction<@Nullable Long> count, long before) {}

    /** Reads the numbers from the kernel. */
    public MissedCounter() {
        this(Bpf::missedByProgram, Bpf::missedByKprobe);
    }

    MissedCounter(IntFunction<@Nullable Long> programCount, IntFunction<@Nullable Long> kprobeCount) {
        this.programCount = programCount;
        this.kprobeCount = kprobeCount;
    }

    /** Includes a program, once however often it attaches. Its own number survives a detach. */
    public synchronized void addProgram(int program) {
        sources.putIfAbsent(program, new Source(programCount, 0));
    }

    /** Includes a kprobe by its link, from now on. */
    public synchronized void addKprobe(int link) {
        Long before = kprobeCount.apply(link);
        sources.put(link, new Source(kprobeCount, before == null ? 0 : before));
    }

    /** Keeps the number of a program or kprobe whose file descriptor will be closed. Others have no effect. */
    public synchronized void retire(int fd) {
        Source source = sources.remove(fd);
        Long count = source == null ? null : source.count.apply(fd);
        if (source != null && count != null) {
            retired += count - source.before;
        }
    }

    /** The sum; null if the kernel does not count one of them. */
    public synchronized @Nullable Long total() {
        long total = retired;
        for (Map.Entry<Integer, Source> entry : sources.entrySet()) {
            Long count = entry.getValue().count.apply(entry.getKey());
            if (count == null) {
                return null;
            }
            total += count - entry.getValue().before;
        }
        highest = Math.max(highest, total);
        return highest;
    }
}
