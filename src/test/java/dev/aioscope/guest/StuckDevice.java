package dev.aioscope.guest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A block device that completes no request before it is let go: the device mapper keeps them. */
public final class StuckDevice implements Hold {
    private static final String SUSPENDED = "aioscope-stuck";
    private static final String DELAYING = "aioscope-delay";
    private static final int AN_HOUR = 3_600_000;

    private final String name;

    private StuckDevice(String name) {
        this.name = name;
    }

    /** Makes one that is suspended, upon the slow device. */
    public static StuckDevice make() throws IOException {
        StuckDevice device = create(SUSPENDED, "0 2048 linear /dev/nullb0 0");
        dmsetup("suspend", device.name);
        return device;
    }

    /** Makes one of dm-delay, upon the slow device: its requests are in flight for an hour. */
    static StuckDevice delaying() throws IOException {
        return create(DELAYING, "0 2048 delay /dev/nullb0 0 " + AN_HOUR);
    }

    private static StuckDevice create(String name, String table) throws IOException {
        NullBlk.load();
        dmsetup("create", name, "--table", table);
        return new StuckDevice(name);
    }

    /** Its file. */
    @Override
    public String path() {
        return "/dev/mapper/" + name;
    }

    /** Lets its requests go. One that delays them does not wait any longer if it is to be suspended. */
    @Override
    public void release() throws IOException {
        if (name.equals(DELAYING)) {
            dmsetup("suspend", name);
        }
        dmsetup("resume", name);
    }

    /** Takes it away. */
    @Override
    public void close() throws IOException {
        release();
        dmsetup("remove", "--retry", name);
    }

    /** A guest has no udev that would make the device's file. */
    private static void dmsetup(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("env", "DM_DISABLE_UDEV=1", "dmsetup"));
        command.addAll(List.of(arguments));
        Command.run(command.toArray(String[]::new));
    }
}
