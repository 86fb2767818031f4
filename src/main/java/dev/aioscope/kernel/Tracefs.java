package dev.aioscope.kernel;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The directory of tracefs. If the host has not mounted it, this process mounts it for itself alone, until it exits.
 */
public final class Tracefs {
    private static final int SYS_FSOPEN = 430;
    private static final int SYS_FSCONFIG = 431;
    private static final int SYS_FSMOUNT = 432;
    private static final int FSCONFIG_CMD_CREATE = 6;
    private static final int CLOEXEC = 1;

    private static final String DIRECTORY = "/sys/kernel/tracing";

    private static @Nullable Path own;

    private Tracefs() {}

    /** The directory; empty if it is not mounted and this process cannot mount it (needs CAP_SYS_ADMIN). */
    public static synchronized Optional<Path> directory() {
        for (String directory : new String[] {DIRECTORY, "/sys/kernel/debug/tracing"}) {
            if (isVisible(Path.of(directory))) {
                return Optional.of(Path.of(directory));
            }
        }
        if (own == null && !isHidden()) {
            own = mount();
        }
        return Optional.ofNullable(own).filter(Tracefs::isVisible);
    }

    /** By its attributes: access(2), which Files.exists calls, ignores ambient capabilities. */
    private static boolean isVisible(Path directory) {
        return Files.isDirectory(directory.resolve("events"));
    }

    /** Why there is no directory. */
    public static String why() {
        return isHidden() ? "tracefs is mounted, but only root can read it" : "tracefs is not mounted";
    }

    /** How to make the directory available. */
    public static String hint() {
        if (!Host.hasRootOfHost()) {
            return "mount /sys/kernel/tracing of the host into the container (in the Helm chart: syscallTier=true)";
        }
        return isHidden()
                ? "give aioscope CAP_DAC_READ_SEARCH, and CAP_DAC_OVERRIDE if it defines return probes in tracefs"
                : "mount -t tracefs tracefs /sys/kernel/tracing, or give aioscope CAP_SYS_ADMIN";
    }

    /** Everybody may enter the mount point, but only root the directory mounted there. */
    private static boolean isHidden() {
        return Files.exists(Path.of(DIRECTORY)) && !Files.isExecutable(Path.of(DIRECTORY));
    }

    /** Whether the kernel supports kprobes, through perf_event_open or tracefs. */
    public static boolean offersKprobes() {
        return Files.exists(Path.of("/sys/bus/event_source/devices/kprobe")) || definesKprobes();
    }

    /** Whether tracefs can define kprobes: only there can a return probe have more than a few slots. */
    public static boolean definesKprobes() {
        return directory()
                .map(directory -> Files.isRegularFile(directory.resolve("kprobe_events")))
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
