package dev.aioscope.probe.bpf;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.ProbeException;
import java.nio.charset.StandardCharsets;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The parts of bpf(2) that aioscope calls without a library. Methods that return a file descriptor return a negative number
 * on failure; {@link Libc#errno} has the reason.
 */
public final class Bpf {
    /** Programs cannot write to the map, so the verifier treats its values as constants. */
    public static final int F_RDONLY_PROG = 1 << 7;

    /** User space can map the map into memory. */
    public static final int F_MMAPABLE = 1 << 10;

    /** The type of fentry, fexit and iterator programs. */
    public static final int TYPE_TRACING = 26;

    /** The attach type of fentry programs. */
    public static final int ATTACH_FENTRY = 24;

    private static final int MAP_CREATE = 0;
    private static final int MAP_LOOKUP_ELEM = 1;
    private static final int MAP_UPDATE_ELEM = 2;
    private static final int MAP_DELETE_ELEM = 3;
    private static final int PROG_LOAD = 5;
    private static final int OBJ_GET_INFO_BY_FD = 15;
    private static final int MAP_LOOKUP_AND_DELETE_ELEM = 21;
    private static final int RAW_TRACEPOINT_OPEN = 17;
    private static final int MAP_FREEZE = 22;
    private static final int LINK_CREATE = 28;
    private static final int ITER_CREATE = 33;

    private static final int ATTRIBUTES = 128;
    private static final int NAME_LENGTH = 15;
    private static final int RLIMIT_MEMLOCK = 8;
    private static final int TRACE_ITER = 28;

    /** value_size of struct bpf_map_info. */
    private static final int MAP_INFO_VALUE_SIZE = 12;

    /** max_entries of struct bpf_map_info. */
    private static final int MAP_INFO_MAX_ENTRIES = 16;

    /** recursion_misses of struct bpf_prog_info (5.12). */
    private static final int PROG_INFO_RECURSION_MISSES = 208;

    /** perf_event.kprobe.missed of struct bpf_link_info (6.7). */
    private static final int LINK_INFO_KPROBE_MISSED = 48;

    private static final int POSSIBLE_CPUS = Host.possibleCpus();

    private Bpf() {}

    private static long call(int command, Memory attributes) {
        long number = Host.architecture().equals("x86_64") ? 321 : 280;
        return Libc.syscall(number, command, Pointer.nativeValue(attributes), ATTRIBUTES, 0, 0);
    }

    private static Memory attributes() {
        Memory attributes = new Memory(ATTRIBUTES);
        attributes.clear();
        return attributes;
    }

    private static void name(Memory attributes, int offset, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        attributes.write(offset, bytes, 0, Math.min(bytes.length, NAME_LENGTH));
    }

    /** Removes RLIMIT_MEMLOCK: before 5.11 maps and programs count against it, and its default is too low. */
    public static void removeMemoryLimit() {
        try (Memory limit = new Memory(16)) {
            limit.setLong(0, -1);
            limit.setLong(8, -1);
            long number = Host.architecture().equals("x86_64") ? 302 : 261;
            Libc.syscall(number, 0, RLIMIT_MEMLOCK, Pointer.nativeValue(limit), 0, 0);
        }
    }

    /** Creates a map. */
    public static int createMap(String name, int type, int keySize, int valueSize, int entries, int flags) {
        try (Memory attributes = attributes()) {
            attributes.setInt(0, type);
            attributes.setInt(4, keySize);
            attributes.setInt(8, valueSize);
            attributes.setInt(12, entries);
            attributes.setInt(16, flags);
            name(attributes, 28, name);
            return (int) call(MAP_CREATE, attributes);
        }
    }

    /** Sets the only value of an array of length 1 and freezes the map. */
    public static int setAndFreeze(int map, Memory value) {
        try (Memory attributes = attributes();
                Memory key = new Memory(4)) {
            key.setInt(0, 0);
            attributes.setInt(0, map);
            attributes.setLong(8, Pointer.nativeValue(key));
            attributes.setLong(16, Pointer.nativeValue(value));
            int result = (int) call(MAP_UPDATE_ELEM, attributes);
            attributes.clear();
            attributes.setInt(0, map);
            return result != 0 ? result : (int) call(MAP_FREEZE, attributes);
        }
    }

    /**
     * The sum over all CPUs of an element of a per-CPU array.
     *
     * @throws ProbeException if the lookup fails
     */
    static long sum(int map, int index) {
        try (Memory attributes = attributes();
                Memory key = new Memory(4);
                Memory values = new Memory(8L * POSSIBLE_CPUS)) {
            key.setInt(0, index);
            attributes.setInt(0, map);
            attributes.setLong(8, Pointer.nativeValue(key));
            attributes.setLong(16, Pointer.nativeValue(values));
            if (call(MAP_LOOKUP_ELEM, attributes) != 0) {
                throw new ProbeException(
                        "cannot read the counters of lost events: " + Errno.describe(Libc.errno()), "restart aioscope");
            }
            return LongStream.range(0, POSSIBLE_CPUS)
                    .map(cpu -> values.getLong(8L * cpu))
                    .sum();
        }
    }

    /**
     * Loads a program.
     *
     * @param type BPF_PROG_TYPE_…
     * @param attachType BPF_TRACE_…, 0 if the type has none
     * @param attachTo the number of the kernel function in BTF; 0 for programs that attach elsewhere
     * @param log receives the verifier's log; null for none
     */
    public static int load(String name, int type, int attachType, int attachTo, long[] program, @Nullable Memory log) {
        try (Memory attributes = attributes();
                Memory instructions = new Memory(8L * program.length);
                Memory license = new Memory(32)) {
            instructions.write(0, program, 0, program.length);
            license.setString(0, "Dual BSD/GPL");
            attributes.setInt(0, type);
            attributes.setInt(4, program.length);
            attributes.setLong(8, Pointer.nativeValue(instructions));
            attributes.setLong(16, Pointer.nativeValue(license));
            if (log != null) {
                attributes.setInt(24, 1);
                attributes.setInt(28, (int) log.size());
                attributes.setLong(32, Pointer.nativeValue(log));
            }
            name(attributes, 48, name);
            attributes.setInt(68, attachType);
            attributes.setInt(108, attachTo);
            return (int) call(PROG_LOAD, attributes);
        }
    }

    /**
     * A second copy of a program.
     *
     * @param program the copy, loaded
     * @param link attaches it
     */
    public record Copy(int program, int link) implements AutoCloseable {
        @Override
        public void close() {
            Libc.close(link);
            Libc.close(program);
        }
    }

    /**
     * Loads a second copy of a fentry program and attaches it.
     *
     * @param function the number of the function in BTF
     * @return null on failure
     */
    public static @Nullable Copy attachCopy(String name, int function, long[] instructions) {
        int program = load(name, TYPE_TRACING, ATTACH_FENTRY, function, instructions, null);
        int link = program < 0 ? program : attachTracing(program);
        if (link >= 0) {
            return new Copy(program, link);
        }
        int errno = Libc.errno();
        if (program >= 0) {
            Libc.close(program);
        }
        Libc.setErrno(errno);
        return null;
    }

    /** Attaches a fentry or fexit program to its function. */
    public static int attachTracing(int program) {
        try (Memory attributes = attributes()) {
            attributes.setInt(8, program);
            return (int) call(RAW_TRACEPOINT_OPEN, attributes);
        }
    }

    /** Attaches a program to the object of a file descriptor; 0 for none. */
    public static int link(int program, int target, int attachType) {
        try (Memory attributes = attributes()) {
            attributes.setInt(0, program);
            attributes.setInt(4, target);
            attributes.setInt(8, attachType);
            return (int) call(LINK_CREATE, attributes);
        }
    }

    /** Attaches an iterator to the map whose elements it walks. */
    public static int linkToMap(int program, int map) {
        try (Memory attributes = attributes();
                Memory info = iteratorInfo(map)) {
            attributes.setInt(0, program);
            attributes.setInt(8, TRACE_ITER);
            attributes.setLong(16, Pointer.nativeValue(info));
            attributes.setInt(24, (int) info.size());
            return (int) call(LINK_CREATE, attributes);
        }
    }

    /** {@code union bpf_iter_link_info} of an iterator over this map. */
    public static Memory iteratorInfo(int map) {
        Memory info = new Memory(4);
        info.setInt(0, map);
        return info;
    }

    /** Sets an element of a map with 8-byte keys and values; not 0 on failure. */
    static int put(int map, long key, long value) {
        try (Memory attributes = attributes();
                Memory element = new Memory(16)) {
            element.setLong(0, key);
            element.setLong(8, value);
            attributes.setInt(0, map);
            attributes.setLong(8, Pointer.nativeValue(element));
            attributes.setLong(16, Pointer.nativeValue(element) + 8);
            return (int) call(MAP_UPDATE_ELEM, attributes);
        }
    }

    /** Takes the first element of a queue; false if it is empty. */
    static boolean take(int queue, Pointer value) {
        try (Memory attributes = attributes()) {
            attributes.setInt(0, queue);
            attributes.setLong(16, Pointer.nativeValue(value));
            return call(MAP_LOOKUP_AND_DELETE_ELEM, attributes) == 0;
        }
    }

    /** Removes an element of a map with 8-byte keys. */
    static void remove(int map, long key) {
        try (Memory attributes = attributes();
                Memory element = new Memory(8)) {
            element.setLong(0, key);
            attributes.setInt(0, map);
            attributes.setLong(8, Pointer.nativeValue(element));
            call(MAP_DELETE_ELEM, attributes);
        }
    }

    /** Starts a run of an iterator. */
    public static int iterate(int link) {
        try (Memory attributes = attributes()) {
            attributes.setInt(0, link);
            return (int) call(ITER_CREATE, attributes);
        }
    }

    static int maxEntries(int map) {
        return mapInfo(map, MAP_INFO_MAX_ENTRIES);
    }

    /** The size of an element, bytes. */
    static int valueSize(int map) {
        return mapInfo(map, MAP_INFO_VALUE_SIZE);
    }

    private static int mapInfo(int map, int offset) {
        Long value = info(map, offset);
        if (value == null) {
            throw new ProbeException(
                    "cannot read the size of a map: " + Errno.describe(Libc.errno()), "see the kernel log (dmesg)");
        }
        return value.intValue();
    }

    /** How often the kernel skipped a program because its previous run on that CPU was not over; null on failure. */
    static @Nullable Long missedByProgram(int program) {
        return info(program, PROG_INFO_RECURSION_MISSES);
    }

    /** How often the kernel skipped a kprobe because another program ran on that CPU; null before 6.7. */
    static @Nullable Long missedByKprobe(int link) {
        return info(link, LINK_INFO_KPROBE_MISSED, false);
    }

    private static @Nullable Long info(int fd, int offset) {
        return info(fd, offset, true);
    }

    /**
     * 8 bytes of the kernel's information about an object; null on failure.
     *
     * @param zero the value if the kernel has less information: 0 if true, else null
     */
    private static @Nullable Long info(int fd, int offset, boolean zero) {
        int size = offset + 8;
        try (Memory attributes = attributes();
                Memory info = new Memory(size)) {
            info.clear();
            attributes.setInt(0, fd);
            attributes.setInt(4, size);
            attributes.setLong(8, Pointer.nativeValue(info));
            // The kernel sets the size to what it filled in.
            return call(OBJ_GET_INFO_BY_FD, attributes) == 0 && (zero || attributes.getInt(4) >= size)
                    ? (Long) info.getLong(offset)
                    : null;
        }
    }
}
