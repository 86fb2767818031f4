package dev.aioscope.probe.bpf;

import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.HostCause;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.HostCauseException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;

/**
 * Blocks until there are records or someone calls {@link #wakeup}. A wakeup costs far more than reading a record,
 * so after one wakeup the next wait pauses first to let records gather: the first record after a silence arrives at once,
 * those soon after it arrive together.
 */
final class EpollWaiter implements AutoCloseable {
    /** Keeps the records of one pause below what can be read in that time: half a byte per ns. */
    private static final int PAUSE_NS_PER_BYTE = 2;

    private static final long MAX_PAUSE_NS = 5_000_000;
    /** A shorter pause costs more than it saves. */
    private static final long MIN_PAUSE_NS = 500_000;

    private static final int POLL_MILLIS = 20;

    private final int epoll;
    private final int wakeup;
    private final byte[] events = new byte[32];
    private final long pause;
    private final int longestWait;
    private boolean wasWoken;

    /** Waits for records in a ring. */
    static EpollWaiter ofRing(int fd, int size) {
        long gathers = Math.min((long) size * PAUSE_NS_PER_BYTE, MAX_PAUSE_NS);
        return new EpollWaiter(OptionalInt.of(fd), gathers < MIN_PAUSE_NS ? 0 : gathers, Integer.MAX_VALUE);
    }

    /** Returns at an interval: a queue wakes nobody. */
    static EpollWaiter ofQueues() {
        return new EpollWaiter(OptionalInt.empty(), 0, POLL_MILLIS);
    }

    private EpollWaiter(OptionalInt ringFd, long pause, int longestWait) {
        this.pause = pause;
        this.longestWait = longestWait;
        try (Rollback rollback = new Rollback()) {
            epoll = check(Libc.epoll_create1(Libc.EPOLL_CLOEXEC), "epoll_create1");
            rollback.add(() -> Libc.close(epoll));
            wakeup = check(Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK), "eventfd");
            rollback.add(() -> Libc.close(wakeup));
            ringFd.ifPresent(fd -> add(epoll, fd));
            add(epoll, wakeup);
            rollback.commit();
        }
    }

    private static void add(int epoll, int fd) {
        // struct epoll_event: packed to 12 bytes on x86-64, elsewhere 16; the events come first in both.
        byte[] event = new byte[16];
        ByteBuffer.wrap(event).order(ByteOrder.nativeOrder()).putInt(0, Libc.EPOLLIN);
        check(Libc.epoll_ctl(epoll, Libc.EPOLL_CTL_ADD, fd, event), "epoll_ctl");
    }

    /** Returns at a record, at the timeout, or at a signal. */
    void await(int timeoutMillis) {
        if (wasWoken && pause > 0) {
            LockSupport.parkNanos(pause);
        }
        wasWoken = Libc.epoll_wait(epoll, events, 2, Math.min(timeoutMillis, longestWait)) > 0;
    }

    /** Ends the current and all later waits. */
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
            int errno = Libc.errno();
            throw new HostCauseException(
                    "cannot call " + call,
                    HostCause.ofShortage(errno)
                            .orElseGet(() -> new HostCause(Errno.describe(errno), "see the kernel log (dmesg)")));
        }
        return result;
    }
}
