package dev.aioscope.probe.bpf;

import com.sun.jna.Pointer;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.HostCause;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.HostCauseException;

/** Memory of a BPF map that the probes share with this process. */
final class SharedMemory {
    /** The size of a page, bytes. */
    static final int PAGE = Libc.getpagesize();

    private SharedMemory() {}

    /**
     * Maps it; {@link Libc#munmap} unmaps it.
     *
     * @param fd of the map; the mapping stays valid after its close
     * @throws HostCauseException on failure
     */
    static Pointer map(int fd, long length, int protection, long offset) {
        Pointer memory = Libc.mmap(Pointer.NULL, length, protection, Libc.MAP_SHARED, fd, offset);
        if (memory == null || Pointer.nativeValue(memory) == -1) {
            int errno = Libc.errno();
            throw new HostCauseException(
                    "cannot map a BPF map into memory",
                    HostCause.ofShortage(errno)
                            .orElseGet(() -> new HostCause(Errno.describe(errno), "use Linux 5.8 or newer")));
        }
        return memory;
    }
}
