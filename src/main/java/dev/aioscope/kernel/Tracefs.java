package dev.aioscope.kernel;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The folder of tracefs. Where the host has not mounted it, it is mounted for this process alone: nobody else sees it,
 * and it goes when the process goes.
 */
public final class Tracefs {
    private static final int SYS_FSOPEN = 430;
    private static final int SYS_FSCONFIG = 431;
    private static final int SYS_FSMOUNT = 432;
    private static final int FSCONFIG_CMD_CREATE = 6;
    private static final int CLOEXEC = 1;

    private static final String PLACE = "/sys/kernel/tracing";

    private static @Nullable Path own;

    private Tracefs() {}

    /** The folder; empty if it is neither mounted nor to be mounted (which needs CAP_SYS_ADMIN). */
    public static synchronized Optional<Path> folder() {
        for (String folder : new String[] {PLACE, "/sys/kernel/debug/tracing"}) {
            if (isSeen(Path.of(folder))) {
                return Optional.of(Path.of(folder));
            }
        }
        if (own == null && !isHidden()) {
            own = mount();
        }
        return Optional.ofNullable(own).filter(Tracefs::isSeen);
    }

    /** By its attributes: access(2), which Files.exists asks, knows no ambient capabilities. */
    private static boolean isSeen(Path folder) {
        return Files.isDirectory(folder.resolve("events"));
    }

    /** Why there is no folder. */
    public static String why() {
        return isHidden() ? "tracefs is mounted, for root alone to see" : "tracefs is not mounted";
    }

    /** What would make it be there. */
    public static String hint() {
        return isHidden()
                ? "CAP_DAC_READ_SEARCH, and CAP_DAC_OVERRIDE where return probes are to be defined in it"
                : "mount -t tracefs tracefs /sys/kernel/tracing, or CAP_SYS_ADMIN";
    }

    /** The mount point is for everybody to enter, the folder mounted there for root. */
    private static boolean isHidden() {
        return Files.exists(Path.of(PLACE)) && !Files.isExecutable(Path.of(PLACE));
    }

    /** Whether the kernel can place kprobes, by perf_event_open or by a definition in tracefs. */
    public static boolean offersKprobes() {
        return Files.exists(Path.of("/sys/bus/event_source/devices/kprobe")) || definesKprobes();
    }

    /** Whether kprobes can be defined here: only so can a return probe get more than a few slots. */
    public static boolean definesKprobes() {
        return folder().map(folder -> Files.isRegularFile(folder.resolve("kprobe_events")))
                .orElse(false);
    }

    private static @Nullable Path mount() {
        long context;
        try (Memory name = new Memory(8)) {
            name.setString(0, "tracefs");
            context = Libc.syscall(SYS_FSOPEN, Pointer.nativeValue(name), CLOEXEC, 0, 0, 0);
        }
        if (context < 0) {
            return null;
        }
        long mount = -1;
        if (Libc.syscall(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, 0, 0, 0) == 0) {
            mount = Libc.syscall(SYS_FSMOUNT, context, CLOEXEC, 0, 0, 0);
        }
        Libc.close((int) context);
        return mount < 0 ? null : Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + mount);
    }
}
