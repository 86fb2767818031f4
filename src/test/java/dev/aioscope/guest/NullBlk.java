package dev.aioscope.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The block device /dev/nullb0, which completes each request after half a second. */
final class NullBlk {
    /** How long a request takes, ns. */
    static final long DELAY = 500_000_000;

    private NullBlk() {}

    /** Makes it, if it is not there. */
    static void load() throws IOException {
        if (!Files.exists(Path.of("/dev/nullb0"))) {
            Command.run("modprobe", "null_blk", "irqmode=2", "completion_nsec=" + DELAY, "queue_mode=2", "gb=1");
        }
    }
}
