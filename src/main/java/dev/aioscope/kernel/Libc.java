package dev.aioscope.kernel;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Functions of the C library. They return the C result; {@link #errno} has the error of the last call on the same
 * thread.
 */
public final class Libc {
    public static final int CLOCK_MONOTONIC = 1;
    public static final int CLOCK_BOOTTIME = 7;
    public static final int AF_UNIX = 1;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_CLOEXEC = 0x80000;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int PROT_READ = 1;
    public static final int PROT_WRITE = 2;
    public static final int MAP_SHARED = 1;
    public static final int MAP_PRIVATE = 2;
    public static final int MAP_FIXED = 0x10;
    public static final int MAP_ANONYMOUS = 0x20;
    public static final int EPOLL_CLOEXEC = 0x80000;
    public static final int EPOLL_CTL_ADD = 1;
    public static final int EPOLLIN = 1;
    public static final int EFD_CLOEXEC = 0x80000;
    public static final int EFD_NONBLOCK = 0x800;

    static {
        Native.register(Libc.class, "c");
    }

    private Libc() {}

    /** Returns freed memory to the kernel. */
    public static native int malloc_trim(long keep);

    public static native int clock_gettime(int clock, long[] timespec);

    public static native Pointer mmap(Pointer address, long length, int protection, int flags, int fd, long offset);

    public static native int munmap(Pointer address, long length);

    public static native int epoll_create1(int flags);

    public static native int epoll_ctl(int epoll, int opcode, int fd, byte[] event);

    public static native int epoll_wait(int epoll, byte[] events, int most, int timeoutMillis);

    public static native int eventfd(int initial, int flags);

    public static native long read(int fd, Pointer buffer, long length);

    public static native long pread(int fd, byte[] buffer, long length, long offset);

    public static native long write(int fd, byte[] buffer, long length);

    public static native int open(String path, int flags, int mode);

    public static native int socket(int family, int type, int protocol);

    public static native long sendto(int fd, byte[] data, long length, int flags, byte[] address, int addressLength);

    public static native int pipe2(int[] ends, int flags);

    public static native int close(int fd);

    public static native int geteuid();

    public static native int getpagesize();

    private static native Pointer getpwuid(int uid);

    private static native Pointer getgrgid(int gid);

    public static native int ioctl(int fd, long request, short[] argument);

    public static native int ioctl(int fd, long request, byte[] argument);

    /** For calls without a wrapper in the C library, such as bpf, perf_event_open and those of AIO. */
    public static native long syscall(long number, long a, long b, long c, long d, long e);

    public static native int vsnprintf(Pointer buffer, long size, Pointer format, Pointer arguments);

    /** The name of a user; empty if it has none. */
    public static Optional<String> userName(int uid) {
        return name(getpwuid(uid));
    }

    /** The name of a group; empty if it has none. */
    public static Optional<String> groupName(int gid) {
        return name(getgrgid(gid));
    }

    /** Both struct passwd and struct group begin with a pointer to the name. */
    private static Optional<String> name(@Nullable Pointer account) {
        return Optional.ofNullable(account)
                .map(found -> found.getPointer(0).getString(0, StandardCharsets.UTF_8.name()));
    }

    /** The errno of the last call of this thread. */
    public static int errno() {
        return Native.getLastError();
    }

    /** Restores the errno after calls that clean up. */
    public static void setErrno(int errno) {
        Native.setLastError(errno);
    }
}
