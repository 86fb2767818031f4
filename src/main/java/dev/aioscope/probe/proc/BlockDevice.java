package dev.aioscope.probe.proc;

import dev.aioscope.kernel.Host;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A block device in sysfs. Reading it does not access the device.
 *
 * @param numbers major:minor
 * @param name in /sys/block
 * @param reads in flight; null if unknown
 * @param writes in flight; null if unknown
 * @param isSuspended whether the device mapper has suspended it
 */
public record BlockDevice(
        String numbers,
        String name,
        @Nullable Long reads,
        @Nullable Long writes,
        boolean isSuspended) {

    /** The device with these numbers; empty if there is none, as for a file system without a device. */
    public static Optional<BlockDevice> of(String numbers) {
        Path folder = Path.of("/sys/dev/block", numbers);
        if (!numbers.matches("\\d+:\\d+") || !Files.isDirectory(folder)) {
            return Optional.empty();
        }
        String name = Path.of(Host.read(folder + "/uevent")
                        .flatMap(uevent -> uevent.lines()
                                .filter(line -> line.startsWith("DEVNAME="))
                                .map(line -> line.substring("DEVNAME=".length()))
                                .findFirst())
                        .orElse(numbers))
                .toString();
        String[] inflight = Host.read(folder + "/inflight").orElse("").strip().split(" +", -1);
        boolean isKnown = inflight.length == 2 && Arrays.stream(inflight).allMatch(count -> count.matches("\\d{1,18}"));
        return Optional.of(new BlockDevice(
                numbers,
                name,
                isKnown ? (Long) Long.parseLong(inflight[0]) : null,
                isKnown ? (Long) Long.parseLong(inflight[1]) : null,
                Host.read(folder + "/dm/suspended").orElse("0").strip().equals("1")));
    }

    /** The numbers of the device with this name in /dev; empty if there is none. */
    static String numbersOf(String name) {
        String kernels = name.startsWith("mapper/") ? mapped(name.substring("mapper/".length())) : name;
        return Host.read("/sys/class/block/" + kernels + "/dev").orElse("").strip();
    }

    private static String mapped(String name) {
        String[] devices = Objects.requireNonNullElse(new File("/sys/class/block").list(), new String[0]);
        return Arrays.stream(devices)
                .filter(device -> Host.read("/sys/class/block/" + device + "/dm/name")
                        .orElse("")
                        .strip()
                        .equals(name))
                .findFirst()
                .orElse(name);
    }
}
