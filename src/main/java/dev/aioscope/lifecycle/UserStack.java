package dev.aioscope.lifecycle;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * The stack of a program in io_setup or io_destroy. Another thread looks up its symbols while the process exists. Calls
 * from the same place share one instance. Thread-safe.
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
     * Sets the source of the frame names.
     *
     * @param source returns a name for each address, or an empty list; it may block
     */
    public void nameBy(Supplier<List<String>> source) {
        names = source;
    }

    /**
     * The frames as text, the innermost first: {@code io_setup+0x9 (libaio.so.1)}, or addresses without names. May block
     * until the names are known: do not call it on the thread that reads events.
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
