package dev.aioscope.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads the kernel's list of symbols in one pass. Each reader in this process gets the same list: standard input if that
 * is a kallsyms with addresses, else {@code /proc/kallsyms}. The kernel decides at open who sees addresses, and the
 * systemd unit has root open the standard input. Thread-safe.
 */
final class KallsymsReader {
    private static final Path KALLSYMS = Path.of("/proc/kallsyms");
    private static final int STDIN = Terminal.STDIN;
    private static final int BUFFER = 1 << 16;
    /** KSYM_NAME_LEN since Linux 6.1. */
    private static final int MAX_NAME = 512;

    /** Takes the symbols in the order of the list: the kernel itself by address, then its modules. */
    interface Visitor {
        /**
         * Takes a symbol.
         *
         * @param address 0 if the kernel hides it
         * @param type as nm(1) prints it
         * @param name a buffer for this call only
         * @param length of the name, bytes
         */
        void symbol(long address, int type, byte[] name, int length);
    }

    /** The next bytes of a list: how many, or 0 at its end. */
    private interface ByteSource {
        int read(byte[] buffer) throws IOException;
    }

    private final ByteSource source;
    private final byte[] buffer = new byte[BUFFER];
    private int at;
    private int end;

    private KallsymsReader(ByteSource source) {
        this.source = source;
    }

    static boolean isVisible() {
        return Files.exists(KALLSYMS);
    }

    /**
     * Passes all symbols to the visitor.
     *
     * @throws IOException if the list cannot be read
     */
    static void read(Visitor visitor) throws IOException {
        if (!isStandardInput() || !readStandardInput(visitor)) {
            read(KALLSYMS, visitor);
        }
    }

    /** Passes the symbols of another list to the visitor. */
    static void read(Path list, Visitor visitor) throws IOException {
        try (InputStream in = Files.newInputStream(list)) {
            new KallsymsReader(in::read).pass(visitor);
        }
    }

    private static boolean isStandardInput() {
        try {
            // In another mount namespace than the file's the path begins where its file system does.
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + STDIN)).endsWith(KALLSYMS.getFileName());
        } catch (IOException e) {
            return false;
        }
    }

    /** Reads at explicit offsets, as often as needed: the file cannot be opened again with root's view of it. */
    private static synchronized boolean readStandardInput(Visitor visitor) throws IOException {
        // Not a FileChannel: an interrupted thread would close the descriptor.
        long[] offset = {0};
        return new KallsymsReader(buffer -> {
                    int read = (int) Libc.pread(STDIN, buffer, buffer.length, offset[0]);
                    if (read < 0) {
                        throw new IOException("cannot read kallsyms: " + Errno.describe(Libc.errno()));
                    }
                    offset[0] += read;
                    return read;
                })
                .pass(visitor);
    }

    /**
     * Lines are {@code address type name [module]}.
     *
     * @return whether any symbol has an address
     */
    private boolean pass(Visitor visitor) throws IOException {
        boolean hasAddresses = false;
        byte[] name = new byte[MAX_NAME];
        while (true) {
            long address = 0;
            int c = next();
            for (; c != ' ' && c >= 0; c = next()) {
                address = address << 4 | Character.digit(c, 16);
            }
            if (c < 0) {
                return hasAddresses;
            }
            int type = next();
            next();
            int length = 0;
            for (c = next(); c != '\n' && c != '\t' && c >= 0; c = next()) {
                if (length < name.length) {
                    name[length++] = (byte) c;
                }
            }
            while (c != '\n' && c >= 0) {
                c = next();
            }
            hasAddresses |= address != 0;
            visitor.symbol(address, type, name, length);
        }
    }

    /** The next byte, or -1 at the end; without a lock for each, as a stream has. */
    private int next() throws IOException {
        if (at == end) {
            at = 0;
            end = Math.max(0, source.read(buffer));
            if (end == 0) {
                return -1;
            }
        }
        return buffer[at++] & 0xff;
    }
}
