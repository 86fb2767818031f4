package dev.aioscope.kernel;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The system calls of native AIO, for our own workloads. They return what the kernel returns: 0, a number, or -errno. */
public final class Aio {
    private static final boolean X86 = Host.architecture().equals("x86_64");
    private static final int O_RDWR = 2;
    private static final int O_CREAT = 0x40;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_DIRECT = X86 ? 0x4000 : 0x10000;
    private static final int IOCB_SIZE = 64;
    private static final int BLOCK = 4096;
    /** Requests may write to it for as long as the process lives. */
    private static final Memory BLOCKS = new Memory(2L * BLOCK).align(BLOCK);

    /** What a request asks for; the numbers are those of {@code linux/aio_abi.h}. */
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

    /** io_destroy. Waits until every request of the context is done. */
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

    /** io_submit of no request at all: 0 if the handle is one. */
    public static int submitNothing(long handle) {
        return result(Libc.syscall(X86 ? 209 : 2, handle, 0, 0, 0, 0));
    }

    /** io_getevents of what is there, and of no event: 0 if the handle is one. */
    public static int getNothing(long handle) {
        return result(Libc.syscall(X86 ? 208 : 4, handle, 0, 0, 0, 0));
    }

    /** io_submit of a read of one byte; blocks inside it for as long as a pipe is empty. */
    public static int readOneByte(long handle, int fd) {
        try (Memory target = new Memory(1)) {
            return submit(handle, Opcode.PREAD, fd, Pointer.nativeValue(target));
        }
    }

    /** io_submit of a read of one block of a device opened by {@link #openDirect}: it is outstanding until it is done. */
    public static int readBlock(long handle, int fd) {
        return submit(handle, Opcode.PREAD, fd, Pointer.nativeValue(BLOCKS), BLOCK);
    }

    /** Opens a device for reads that go to it and not to the page cache. */
    public static int openDirect(Path device) throws IOException {
        return check(Libc.open(device.toString(), O_DIRECT | O_CLOEXEC, 0), "open " + device);
    }

    /** The id in the ring, by which the kernel finds the context. */
    public static int ringId(long handle) {
        return new Pointer(handle).getInt(0);
    }

    /** Overwrites the id in the ring. */
    public static void setRingId(long handle, int id) {
        new Pointer(handle).setInt(0, id);
    }

    /** Unmaps the ring behind the kernel's back. */
    public static void unmapRing(long handle) throws IOException {
        check(Libc.munmap(new Pointer(handle), ringSize(handle)), "munmap of a ring");
    }

    /** Maps memory in place of the ring, with the id of the ring in it. */
    public static void coverRing(long handle) throws IOException {
        int id = ringId(handle);
        Pointer covered = Libc.mmap(
                new Pointer(handle),
                ringSize(handle),
                Libc.PROT_READ | Libc.PROT_WRITE,
                Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_FIXED,
                -1,
                0);
        check(Pointer.nativeValue(covered) == handle ? 0 : -1, "mmap in place of a ring");
        setRingId(handle, id);
    }

    /** How many bytes the ring takes, as the kernel shows it. */
    private static long ringSize(long handle) throws IOException {
        String begin = Long.toHexString(handle) + "-";
        return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.startsWith(begin))
                .mapToLong(line -> Long.parseLong(line, begin.length(), line.indexOf(' '), 16) - handle)
                .findFirst()
                .orElseThrow(() -> new IOException("no ring is mapped at " + Long.toHexString(handle)));
    }

    /** Whether a thread of this process blocks in io_submit now. */
    public static boolean isThreadInSubmit() throws IOException {
        return isThreadIn(ProcessHandle.current().pid(), X86 ? 209 : 2);
    }

    /** Whether a thread of that process blocks in io_destroy now. */
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

    /** The two ends of a new pipe: to read from, to write into. */
    public static int[] pipe() throws IOException {
        int[] ends = new int[2];
        check(Libc.pipe2(ends, O_CLOEXEC), "pipe2");
        return ends;
    }

    /** A new file, open for reading and writing. */
    public static int create(Path file) throws IOException {
        return check(Libc.open(file.toString(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open " + file);
    }

    private static int check(int result, String call) throws IOException {
        if (result < 0) {
            throw new IOException(call + ": " + Errno.describe(Libc.errno()));
        }
        return result;
    }

    private static int result(long result) {
        return result < 0 ? -Libc.errno() : (int) result;
    }
}
