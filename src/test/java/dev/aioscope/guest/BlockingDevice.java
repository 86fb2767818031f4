package dev.aioscope.guest;

import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A block device of the device mapper that completes no request until it is released. */
public final class BlockingDevice implements RequestBlocker {
    private static final String SUSPENDED = "aioscope-stuck";
    private static final String DELAYING = "aioscope-delay";
    private static final int AN_HOUR = 3_600_000;
    private static final int FILE_SIZE = 1 << 20;
    private static final int SECTORS = 32768;

    private final String name;
    /** The mount point, if the device has a file system. */
    private final @Nullable Path folder;

    private BlockingDevice(String name, @Nullable Path folder) {
        this.name = name;
        this.folder = folder;
    }

    /** Creates a suspended device on the slow null_blk device. */
    public static BlockingDevice suspended() throws IOException {
        Commands.assumeInstalled("dmsetup");
        NullBlockDevice.load();
        dmsetup("create", SUSPENDED, "--table", "0 2048 linear /dev/nullb0 0");
        BlockingDevice device = new BlockingDevice(SUSPENDED, null);
        device.suspend();
        return device;
    }

    /** Creates a dm-delay device on the slow null_blk device: its requests stay in flight for an hour. */
    static BlockingDevice delayedForAnHour() throws IOException {
        Commands.assumeInstalled("dmsetup");
        NullBlockDevice.load();
        dmsetup("create", DELAYING, "--table", "0 2048 delay /dev/nullb0 0 " + AN_HOUR);
        return new BlockingDevice(DELAYING, null);
    }

    /** Creates a device on memory that delays each request for a time and then completes it. */
    static BlockingDevice delayed(Duration delay) throws IOException {
        Commands.assumeInstalled("dmsetup");
        loadMemory();
        dmsetup("create", SUSPENDED, "--table", "0 " + SECTORS + " delay /dev/ram0 0 " + delay.toMillis());
        return new BlockingDevice(SUSPENDED, null);
    }

    private static void loadMemory() throws IOException {
        Commands.run("modprobe", "brd", "rd_nr=1", "rd_size=" + SECTORS / 2);
    }

    /** Creates a suspended device on memory with files of 1 MiB of zeros. Cached blocks of the files do not block. */
    static BlockingDevice withFiles(String... names) throws IOException {
        Commands.assumeInstalled("dmsetup", "mke2fs");
        loadMemory();
        dmsetup("create", SUSPENDED, "--table", "0 " + SECTORS + " linear /dev/ram0 0");
        Path folder = Files.createTempDirectory("stuck");
        BlockingDevice device = new BlockingDevice(SUSPENDED, folder);
        // Without a journal, only blocks of the files block.
        Commands.run("mke2fs", "-q", "-F", "-b", "4096", device.path());
        Commands.run("mount", "-t", "ext4", "-o", "noatime", device.path(), folder.toString());
        for (String name : names) {
            try (FileChannel file =
                    FileChannel.open(folder.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                file.write(ByteBuffer.allocate(FILE_SIZE));
                file.force(true);
            }
        }
        device.suspend();
        return device;
    }

    /** The device file. */
    @Override
    public String path() {
        return "/dev/mapper/" + name;
    }

    /** The mount point of a device that has files. */
    Path folder() {
        if (folder == null) {
            throw new IllegalStateException("it has no files");
        }
        return folder;
    }

    /** Releases its requests. Suspending a delaying device ends its delays at once. */
    @Override
    public void release() throws IOException {
        if (name.equals(DELAYING)) {
            suspend();
        }
        dmsetup("resume", name);
    }

    /** Removes the device. */
    @Override
    public void close() throws IOException {
        release();
        if (folder != null) {
            Commands.run("umount", folder.toString());
            Files.delete(folder);
        }
        dmsetup("remove", "--retry", name);
    }

    /** --nolockfs: freezing the file system would write dirty blocks first. */
    private void suspend() throws IOException {
        dmsetup("suspend", "--nolockfs", name);
    }

    /** A guest has no udev to create the device file. */
    private static void dmsetup(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("env", "DM_DISABLE_UDEV=1", "dmsetup"));
        command.addAll(List.of(arguments));
        Commands.run(command.toArray(String[]::new));
    }
}
