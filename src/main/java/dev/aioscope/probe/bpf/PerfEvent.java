package dev.aioscope.probe.bpf;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.Tracefs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens trace events, to which BPF programs attach. */
public final class PerfEvent {
    private static final int PERF_TYPE_TRACEPOINT = 2;
    private static final int ATTRIBUTES_SIZE = 128;
    private static final int FLAG_CLOEXEC = 8;

    private static final int IOC_ENABLE = 0x2400;
    private static final int IOC_SET_BPF = 0x40042408;

    private PerfEvent() {}

    /**
     * Attaches a program to an event until the event is closed.
     *
     * @return the event, or a negative number on failure
     */
    public static int attach(int event, int program) {
        long ioctl = Host.architecture().equals("x86_64") ? 16 : 29;
        return Libc.syscall(ioctl, event, IOC_SET_BPF, program, 0, 0) == 0
                        && Libc.syscall(ioctl, event, IOC_ENABLE, 0, 0, 0) == 0
                ? event
                : -1;
    }

    /**
     * Opens an event of tracefs.
     *
     * @param event group and name, {@code syscalls/sys_enter_io_setup}
     * @return its file descriptor; the caller closes it
     * @throws IOException with the reason
     */
    public static int open(String event) throws IOException {
        Path tracefs = Tracefs.directory().orElseThrow(() -> new IOException(Tracefs.why()));
        Path id = tracefs.resolve("events").resolve(event).resolve("id");
        if (!Files.isRegularFile(id)) {
            throw new IOException("the kernel has no event " + event);
        }
        try (Memory attributes = new Memory(ATTRIBUTES_SIZE)) {
            attributes.clear();
            attributes.setInt(0, PERF_TYPE_TRACEPOINT);
            attributes.setInt(4, ATTRIBUTES_SIZE);
            attributes.setLong(8, Long.parseLong(Files.readString(id).strip()));
            long perfEventOpen = Host.architecture().equals("x86_64") ? 298 : 241;
            long fd = Libc.syscall(perfEventOpen, Pointer.nativeValue(attributes), -1, 0, -1, FLAG_CLOEXEC);
            if (fd < 0) {
                throw new IOException("perf_event_open failed: " + Errno.describe(Libc.errno()));
            }
            return (int) fd;
        }
    }
}
