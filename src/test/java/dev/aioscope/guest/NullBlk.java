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

    /** Makes /dev/nullb1, which completes each request at once. */
    static void loadQuick() throws IOException {
        load();
        Path config = Path.of("/sys/kernel/config");
        if (!Files.exists(config.resolve("nullb"))) {
            Command.run("mount", "-t", "configfs", "configfs", config.toString());
        }
        Path device = Files.createDirectory(config.resolve("nullb").resolve("nullb1"));
        Files.writeString(device.resolve("irqmode"), "0");
        Files.writeString(device.resolve("size"), "1024");
        Files.writeString(device.resolve("power"), "1");
    }
}
