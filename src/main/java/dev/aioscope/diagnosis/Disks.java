package dev.aioscope.diagnosis;

import dev.aioscope.probe.proc.BlockDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import oshi.hardware.HWDiskStore;
import oshi.nativefree.SystemInfo;

/** The disks of this host, as sysfs describes them. Reading them does not access them. */
public final class Disks {
    private @Nullable List<HWDiskStore> all;

    /**
     * A disk.
     *
     * @param name in /sys/block
     * @param model null if it has none, as most virtual ones
     * @param bytes its size
     */
    public record Disk(String name, @Nullable String model, long bytes) {}

    /** The disk that is this device or contains this partition; empty for a device that maps others. */
    public Optional<Disk> of(BlockDevice device) {
        return wholeDevice(device.numbers())
                .flatMap(name -> all().stream()
                        .filter(disk -> disk.getName().equals("/dev/" + name) && disk.getSize() > 0)
                        .map(disk -> new Disk(name, model(disk), disk.getSize()))
                        .findFirst());
    }

    private List<HWDiskStore> all() {
        if (all == null) {
            all = new SystemInfo().getHardware().getDiskStores();
        }
        return all;
    }

    private static @Nullable String model(HWDiskStore disk) {
        String model = disk.getModel().strip();
        return model.isEmpty() || model.equals("unknown") ? null : model;
    }

    private static Optional<String> wholeDevice(String numbers) {
        try {
            return wholeDevice(Path.of("/sys/dev/block", numbers).toRealPath());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The folder of a partition is in that of its disk. Empty for a device that maps others. */
    static Optional<String> wholeDevice(Path sysfs) {
        Path disk = Files.exists(sysfs.resolve("partition")) ? Objects.requireNonNull(sysfs.getParent()) : sysfs;
        String[] mapped = disk.resolve("slaves").toFile().list();
        return mapped != null && mapped.length > 0 ? Optional.empty() : Optional.of(String.valueOf(disk.getFileName()));
    }
}
