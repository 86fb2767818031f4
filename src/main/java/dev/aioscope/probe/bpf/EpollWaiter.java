package dev.aioscope.probe.bpf;

import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.ProbeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.locks.LockSupport;

/**
 * Blocks in epoll until the ring has records or somebody calls {@link #wakeup}. To be woken costs far more than to read a
 * record, so that after one wait the next pauses first, for records to gather: the first record after a silence is told at
 * once, those that follow soon after come together.
 */
final class EpollWaiter implements AutoCloseable {
    /** In the pause no ring gets fuller than by what could be read in that time: half a byte in a nanosecond. */
    private static final int PAUSE_NS_PER_BYTE = 2;

    private static final long MOST_PAUSE_NS = 5_000_000;
    /** Less is not worth its own waking up. */
    private static final long LEAST_PAUSE_NS = 500_000;

    private final int epoll;
    private final int wakeup;
    private final byte[] events = new byte[32];
    private final long pause;
    private boolean wasWoken;

    EpollWaiter(int ringFd, int ringSize) {
        long gathers = Math.min((long) ringSize * PAUSE_NS_PER_BYTE, MOST_PAUSE_NS);
        pause = gathers < LEAST_PAUSE_NS ? 0 : gathers;
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
        if (wasWoken && pause > 0) {
            LockSupport.parkNanos(pause);
        }
        wasWoken = Libc.epoll_wait(epoll, events, 2, timeoutMillis) > 0;
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
