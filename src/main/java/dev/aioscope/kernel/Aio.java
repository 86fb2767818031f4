package dev.aioscope.kernel;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The system calls of native AIO, for aioscope's own workloads. They return the kernel's result: 0, a number, or -errno. */
public final class Aio {
    /** What to do if a seccomp filter refuses native AIO. */
    public static final String SECCOMP_HINT = "use a seccomp profile that allows the system calls of native AIO";

    private static final boolean X86 = Host.architecture().equals("x86_64");
    private static final int O_RDWR = 2;
    private static final int O_CREAT = 0x40;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_DIRECT = X86 ? 0x4000 : 0x10000;
    private static final int IOCB_SIZE = 64;
    private static final int BLOCK = 4096;
    /** Target of reads of blocks; never freed, as requests may write to it until the process exits. */
    private static final Memory BLOCKS = new Memory(2L * BLOCK).align(BLOCK);

    /** The operation of a request, as in {@code linux/aio_abi.h}. */
    public enum Opcode {
        PREAD(0),
        FDSYNC(3),
        POLL(5);

        private final int code;

        Opcode(int code) {
            this.code = code;
        }
    }

    private Aio() {}

    /**
     * io_setup.
     *
     * @param maxReqs events to charge
     * @param handle receives the handle in its first element
     */
    public static int setup(int maxReqs, long[] handle) {
        try (Memory context = new Memory(8)) {
            context.setLong(0, 0);
            int result = result(Libc.syscall(X86 ? 206 : 0, maxReqs, Pointer.nativeValue(context), 0, 0, 0));
            handle[0] = context.getLong(0);
            return result;
        }
    }

    /** Why this process cannot use native AIO; empty if it can. Creates no context. */
    public static Optional<HostCause> unavailable() {
        return refusal("io_setup", setup(0, new long[1]));
    }

    /**
     * Why this process cannot call a system call of native AIO, from what the call returned; empty if the kernel ran it. The
     * kernel's own results are other errors.
     */
    public static Optional<HostCause> refusal(String call, int result) {
        if (result != -Errno.ENOSYS && result != -Errno.EPERM && result != -Errno.EACCES) {
            return Optional.empty();
        }
        String reason = call + " is unavailable: it returns " + Errno.name(-result);
        String outside =
                "run it on a kernel with CONFIG_AIO=y, outside emulators and sandboxes such as qemu-user and gVisor";
        HostCause other = !Host.hasSeccompFilter()
                ? new HostCause(reason, outside)
                : new HostCause(
                        reason + ", and a seccomp filter is active",
                        result == -Errno.ENOSYS ? SECCOMP_HINT + "; or " + outside : SECCOMP_HINT);
        return Optional.of(ProcMount.ofMissingAio().orElse(other));
    }

    /** io_destroy. Waits until all requests of the context have completed. */
    public static int destroy(long handle) {
        return result(Libc.syscall(X86 ? 207 : 1, handle, 0, 0, 0, 0));
    }

    /**
     * io_submit of one request.
     *
     * @param buffer for a read: the address of one byte; for a poll: the events to wait for
     */
    public static int submit(long handle, Opcode opcode, int fd, long buffer) {
        return submit(handle, opcode, fd, buffer, opcode == Opcode.PREAD ? 1 : 0);
    }

    private static int submit(long handle, Opcode opcode, int fd, long buffer, int bytes) {
        try (Memory iocb = new Memory(IOCB_SIZE);
                Memory list = new Memory(8)) {
            iocb.clear();
            iocb.setShort(16, (short) opcode.code);
            iocb.setInt(20, fd);
            iocb.setLong(24, buffer);
            iocb.setLong(32, bytes);
            list.setPointer(0, iocb);
            return result(Libc.syscall(X86 ? 209 : 2, handle, 1, Pointer.nativeValue(list), 0, 0));
        }
    }

    /** io_submit of no request: 0 if the handle is valid. */
    public static int submitNothing(long handle) {
        return result(Libc.syscall(X86 ? 209 : 2, handle, 0, 0, 0, 0));
    }

    /** io_getevents of no event: 0 if the handle is valid. */
    public static int getNothing(long handle) {
        return result(Libc.syscall(X86 ? 208 : 4, handle, 0, 0, 0, 0));
    }

    /** io_submit of a read of one byte; blocks while a pipe is empty. */
    public static int readOneByte(long handle, int fd) {
        try (Memory target = new Memory(1)) {
            return submit(handle, Opcode.PREAD, fd, Pointer.nativeValue(target));
        }
    }

    /** io_submit of a read of one block of a device opened by {@link #openDirect}; returns while it is outstanding. */
    public static int readBlock(long handle, int fd) {
        return submit(handle, Opcode.PREAD, fd, Pointer.nativeValue(BLOCKS), BLOCK);
    }

    /** Opens a device for reads that bypass the page cache. */
    public static int openDirect(Path device) throws IOException {
        return check(Libc.open(device.toString(), O_DIRECT | O_CLOEXEC, 0), "open " + device);
    }

    /** The id in the ring, which the kernel uses to find the context. */
    public static int ringId(long handle) {
        return new Pointer(handle).getInt(0);
    }

    /** Overwrites the id in the ring. */
    public static void setRingId(long handle, int id) {
        new Pointer(handle).setInt(0, id);
    }

    /** Unmaps the ring with munmap, without io_destroy. */
    public static void unmapRing(long handle) throws IOException {
        check(Libc.munmap(new Pointer(handle), ringSize(handle)), "unmap a ring");
    }

    /** Replaces the ring by ordinary memory with the same id. */
    public static void coverRing(long handle) throws IOException {
        int id = ringId(handle);
        Pointer covered = Libc.mmap(
                new Pointer(handle),
                ringSize(handle),
                Libc.PROT_READ | Libc.PROT_WRITE,
                Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_FIXED,
                -1,
                0);
        check(Pointer.nativeValue(covered) == handle ? 0 : -1, "map memory over a ring");
        setRingId(handle, id);
    }

    /** The size of the ring's mapping, bytes. */
    private static long ringSize(long handle) throws IOException {
        String begin = Long.toHexString(handle) + "-";
        return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.startsWith(begin))
                .mapToLong(line -> Long.parseLong(line, begin.length(), line.indexOf(' '), 16) - handle)
                .findFirst()
                .orElseThrow(() -> new IOException("cannot find a ring at " + Long.toHexString(handle)));
    }

    /** Whether a thread of this process is inside io_submit now. */
    public static boolean isThreadInSubmit() throws IOException {
        return isThreadIn(ProcessHandle.current().pid(), X86 ? 209 : 2);
    }

    /** Whether a thread of this pid is inside io_destroy now. */
    public static boolean isThreadInDestroy(long pid) throws IOException {
        return isThreadIn(pid, X86 ? 207 : 1);
    }

    private static boolean isThreadIn(long pid, int call) throws IOException {
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path task : tasks) {
                if (Host.read(task + "/syscall").orElse("").startsWith(call + " ")) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The read and the write end of a new pipe. */
    public static int[] pipe() throws IOException {
        int[] ends = new int[2];
        check(Libc.pipe2(ends, O_CLOEXEC), "create a pipe");
        return ends;
    }

    /** A new file, open for reading and writing. */
    public static int create(Path file) throws IOException {
        return check(Libc.open(file.toString(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open " + file);
    }

    private static int check(int result, String action) throws IOException {
        if (result < 0) {
            throw new IOException("cannot " + action + ": " + Errno.describe(Libc.errno()));
        }
        return result;
    }

    private static int result(long result) {
        return result < 0 ? -Libc.errno() : (int) result;
    }
}
