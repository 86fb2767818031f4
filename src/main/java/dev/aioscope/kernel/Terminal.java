package dev.aioscope.kernel;

import java.util.Optional;

/**
 * The terminal behind a file descriptor.
 *
 * @param columns its width; 0 if unknown
 * @param rows its height; 0 if unknown
 */
public record Terminal(int columns, int rows) {
    /** The file descriptor of the standard input. */
    public static final int STDIN = 0;

    /** The file descriptor of the standard output. */
    public static final int STDOUT = 1;

    private static final long TIOCGWINSZ = 0x5413;

    /** The terminal with its current size; empty if the descriptor is not a terminal. */
    public static Optional<Terminal> of(int fd) {
        short[] size = new short[4];
        return Libc.ioctl(fd, TIOCGWINSZ, size) == 0
                ? Optional.of(new Terminal(Short.toUnsignedInt(size[1]), Short.toUnsignedInt(size[0])))
                : Optional.empty();
    }
}
