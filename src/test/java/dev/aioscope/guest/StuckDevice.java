package dev.aioscope.guest;

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

/** A block device that completes no request before it is let go: the device mapper keeps them. */
public final class StuckDevice implements Hold {
    private static final String SUSPENDED = "aioscope-stuck";
    private static final String DELAYING = "aioscope-delay";
    private static final int AN_HOUR = 3_600_000;
    private static final int FILE_SIZE = 1 << 20;
    private static final int SECTORS = 32768;

    private final String name;
    /** Where its files are, if it has any. */
    private final @Nullable Path folder;

    private StuckDevice(String name, @Nullable Path folder) {
        this.name = name;
        this.folder = folder;
    }

    /** Makes one that is suspended, upon the slow device. */
    public static StuckDevice make() throws IOException {
        NullBlk.load();
        dmsetup("create", SUSPENDED, "--table", "0 2048 linear /dev/nullb0 0");
        StuckDevice device = new StuckDevice(SUSPENDED, null);
        device.suspend();
        return device;
    }

    /** Makes one of dm-delay, upon the slow device: its requests are in flight for an hour. */
    static StuckDevice delaying() throws IOException {
        NullBlk.load();
        dmsetup("create", DELAYING, "--table", "0 2048 delay /dev/nullb0 0 " + AN_HOUR);
        return new StuckDevice(DELAYING, null);
    }

    /** Makes one, upon memory, that keeps each request for so long and then lets it go by itself. */
    static StuckDevice late(Duration delay) throws IOException {
        loadMemory();
        dmsetup("create", SUSPENDED, "--table", "0 " + SECTORS + " delay /dev/ram0 0 " + delay.toMillis());
        return new StuckDevice(SUSPENDED, null);
    }

    private static void loadMemory() throws IOException {
        Command.run("modprobe", "brd", "rd_nr=1", "rd_size=" + SECTORS / 2);
    }

    /** Makes it upon memory, with files of 1 MiB that hold only zeros: what of them is cached does not become stuck. */
    static StuckDevice withFiles(String... names) throws IOException {
        loadMemory();
        dmsetup("create", SUSPENDED, "--table", "0 " + SECTORS + " linear /dev/ram0 0");
        Path folder = Files.createTempDirectory("stuck");
        StuckDevice device = new StuckDevice(SUSPENDED, folder);
        // Without a journal nothing but the files' own blocks is waited for.
        Command.run("mke2fs", "-q", "-F", "-b", "4096", device.path());
        Command.run("mount", "-t", "ext4", "-o", "noatime", device.path(), folder.toString());
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

    /** Its file. */
    @Override
    public String path() {
        return "/dev/mapper/" + name;
    }

    /** Where its files are, if it was made with some. */
    Path folder() {
        if (folder == null) {
            throw new IllegalStateException("it has no files");
        }
        return folder;
    }

    /** Lets its requests go. One that delays them does not wait any longer if it is to be suspended. */
    @Override
    public void release() throws IOException {
        if (name.equals(DELAYING)) {
            suspend();
        }
        dmsetup("resume", name);
    }

    /** Takes it away. */
    @Override
    public void close() throws IOException {
        release();
        if (folder != null) {
            Command.run("umount", folder.toString());
            Files.delete(folder);
        }
        dmsetup("remove", "--retry", name);
    }

    /** Its file system is not told: it would write what is dirty first. */
    private void suspend() throws IOException {
        dmsetup("suspend", "--nolockfs", name);
    }

    /** A guest has no udev that would make the device's file. */
    private static void dmsetup(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("env", "DM_DISABLE_UDEV=1", "dmsetup"));
        command.addAll(List.of(arguments));
        Command.run(command.toArray(String[]::new));
    }
}
