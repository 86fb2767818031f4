package dev.aioscope.probe.bpf;

import com.sun.jna.Pointer;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.ProbeException;

/** Memory of a BPF map that the probes and this process both see. */
final class SharedMemory {
    /** The size of a page, bytes. */
    static final int PAGE = Libc.getpagesize();

    private SharedMemory() {}

    /**
     * Maps it; {@link Libc#munmap} is the way back.
     *
     * @param fd of the map; it can be closed after this
     * @throws ProbeException if the kernel refuses
     */
    static Pointer map(int fd, long length, int protection, long offset) {
        Pointer memory = Libc.mmap(Pointer.NULL, length, protection, Libc.MAP_SHARED, fd, offset);
        if (memory == null || Pointer.nativeValue(memory) == -1) {
            throw new ProbeException(
                    "a map of the probes cannot be mapped: " + Errno.describe(Libc.errno()),
                    "give the agent more address space (RLIMIT_AS), or a kernel of 5.8 or newer");
        }
        return memory;
    }
}
