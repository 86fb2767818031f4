package dev.aioscope.guest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A block device that completes no request before it is let go: the device mapper keeps them. */
public final class StuckDevice implements AutoCloseable {
    private static final String NAME = "aioscope-stuck";

    private StuckDevice() {}

    /** Makes it, upon the slow device. */
    public static StuckDevice make() throws IOException {
        NullBlk.load();
        dmsetup("create", NAME, "--table", "0 2048 linear /dev/nullb0 0");
        StuckDevice device = new StuckDevice();
        dmsetup("suspend", NAME);
        return device;
    }

    /** Its file. */
    public String path() {
        return "/dev/mapper/" + NAME;
    }

    /** Lets its requests go. */
    public void release() throws IOException {
        dmsetup("resume", NAME);
    }

    /** Takes it away. */
    @Override
    public void close() throws IOException {
        release();
        dmsetup("remove", "--retry", NAME);
    }

    /** A guest has no udev that would make the device's file. */
    private static void dmsetup(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("env", "DM_DISABLE_UDEV=1", "dmsetup"));
        command.addAll(List.of(arguments));
        Command.run(command.toArray(String[]::new));
    }
}
