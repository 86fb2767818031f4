package dev.aioscope.guest;

import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The block device /dev/nullb0, which completes each request after half a second. */
final class NullBlockDevice {
    /** The duration of a request, ns. */
    static final long DELAY = 500_000_000;

    private NullBlockDevice() {}

    /** Creates the device unless it exists. */
    static void load() throws IOException {
        if (!Files.exists(Path.of("/dev/nullb0"))) {
            Commands.run("modprobe", "null_blk", "irqmode=2", "completion_nsec=" + DELAY, "queue_mode=2", "gb=1");
        }
    }

    /** Creates /dev/nullb1, which completes each request at once. */
    static void loadQuick() throws IOException {
        load();
        Path config = Path.of("/sys/kernel/config");
        if (!Files.exists(config.resolve("nullb"))) {
            Commands.run("mount", "-t", "configfs", "configfs", config.toString());
        }
        Path device = Files.createDirectory(config.resolve("nullb").resolve("nullb1"));
        Files.writeString(device.resolve("irqmode"), "0");
        Files.writeString(device.resolve("size"), "1024");
        Files.writeString(device.resolve("power"), "1");
    }
}
