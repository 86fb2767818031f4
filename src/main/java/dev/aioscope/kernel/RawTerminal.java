package dev.aioscope.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A terminal without echo that delivers each key at once, until close. Ctrl-C still interrupts. Ctrl-Z and Ctrl-\ are
 * ordinary keys, since after them nothing would restore the terminal.
 *
 * <pre>
 * struct termios of the kernel:  0 c_iflag   4 c_oflag   8 c_cflag   12 c_lflag   16 c_line   17 c_cc[19]
 * </pre>
 */
public final class RawTerminal implements AutoCloseable {
    private static final long TCGETS = 0x5401;
    private static final long TCSETSW = 0x5403;
    private static final int SIZE = 36;
    private static final int IFLAG = 0;
    private static final int LFLAG = 12;
    private static final int CC = 17;

    private static final int ISTRIP = 0x20;
    private static final int INLCR = 0x40;
    private static final int ICRNL = 0x100;
    private static final int IXON = 0x400;
    private static final int ICANON = 0x2;
    private static final int ECHO = 0x8;
    private static final int IEXTEN = 0x8000;
    private static final int VQUIT = 1;
    private static final int VTIME = 5;
    private static final int VMIN = 6;
    private static final int VSUSP = 10;

    private final int fd;
    private final byte[] before = new byte[SIZE];

    /**
     * Changes the terminal's mode.
     *
     * @throws IOException if the descriptor is not a terminal
     */
    public RawTerminal(int fd) throws IOException {
        this.fd = fd;
        check(Libc.ioctl(fd, TCGETS, before));
        byte[] raw = before.clone();
        ByteBuffer flags = ByteBuffer.wrap(raw).order(ByteOrder.nativeOrder());
        flags.putInt(IFLAG, flags.getInt(IFLAG) & ~(ISTRIP | INLCR | ICRNL | IXON));
        flags.putInt(LFLAG, flags.getInt(LFLAG) & ~(ICANON | ECHO | IEXTEN));
        raw[CC + VQUIT] = 0;
        raw[CC + VSUSP] = 0;
        raw[CC + VMIN] = 1;
        raw[CC + VTIME] = 0;
        check(Libc.ioctl(fd, TCSETSW, raw));
    }

    private static void check(int result) throws IOException {
        if (result != 0) {
            throw new IOException("cannot set the terminal's mode: " + Errno.describe(Libc.errno()));
        }
    }

    /** Restores the terminal's mode; no error if the terminal is gone. */
    @Override
    public void close() {
        Libc.ioctl(fd, TCSETSW, before);
    }
}
