package dev.aioscope.probe.bpf;

import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.ProbeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Blocks in epoll until the ring has records or somebody calls {@link #wakeup}. */
final class Waiter implements AutoCloseable {
    private final int epoll;
    private final int wakeup;
    private final byte[] events = new byte[32];

    Waiter(int ringFd) {
        epoll = check(Libc.epoll_create1(Libc.EPOLL_CLOEXEC), "epoll_create1");
        wakeup = check(Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK), "eventfd");
        add(ringFd);
        add(wakeup);
    }

    private void add(int fd) {
        // struct epoll_event: on x86-64 packed to 12 bytes, elsewhere 16; the events stand first in both.
        byte[] event = new byte[16];
        ByteBuffer.wrap(event).order(ByteOrder.nativeOrder()).putInt(0, Libc.EPOLLIN);
        check(Libc.epoll_ctl(epoll, Libc.EPOLL_CTL_ADD, fd, event), "epoll_ctl");
    }

    /** Returns when there is something, when the time is over, or when it was interrupted by a signal. */
    void await(int timeoutMillis) {
        Libc.epoll_wait(epoll, events, 2, timeoutMillis);
    }

    /** Ends every wait from now on. */
    void wakeup() {
        byte[] one = new byte[8];
        ByteBuffer.wrap(one).order(ByteOrder.nativeOrder()).putLong(0, 1);
        Libc.write(wakeup, one, one.length);
    }

    @Override
    public void close() {
        Libc.close(epoll);
        Libc.close(wakeup);
    }

    private static int check(int result, String call) {
        if (result < 0) {
            throw new ProbeException(call + ": " + Errno.describe(Libc.errno()), "raise RLIMIT_NOFILE");
        }
        return result;
    }
}
