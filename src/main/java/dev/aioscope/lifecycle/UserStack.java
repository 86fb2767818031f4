package dev.aioscope.lifecycle;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * Where a program was when it called io_setup or io_destroy. What the addresses mean is found out beside, while the
 * process is still there; calls from the same place share one of these.
 */
public final class UserStack {
    private final int pid;
    private final long[] addresses;
    private volatile Supplier<List<String>> names = List::of;

    /**
     * A stack without names.
     *
     * @param pid the process
     * @param addresses return addresses, the innermost first
     */
    public UserStack(int pid, long[] addresses) {
        this.pid = pid;
        this.addresses = addresses.clone();
    }

    /** The process. */
    public int pid() {
        return pid;
    }

    /** Return addresses, the innermost first. */
    public long[] addresses() {
        return addresses.clone();
    }

    /**
     * Tells who knows what the addresses mean.
     *
     * @param source gives a name for each address, or none at all; it may wait for them
     */
    public void nameBy(Supplier<List<String>> source) {
        names = source;
    }

    /**
     * The frames for people, the innermost first: {@code io_setup+0x9 (libaio.so.1)}, or the address where no name was
     * found. May wait for names that are being looked up: never to be called on the thread that reads events.
     */
    public List<String> frames() {
        List<String> named = names.get();
        return named.isEmpty()
                ? LongStream.of(addresses)
                        .mapToObj(address -> "0x" + Long.toHexString(address))
                        .toList()
                : named;
    }
}
