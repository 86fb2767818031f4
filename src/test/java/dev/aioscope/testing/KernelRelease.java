package dev.aioscope.testing;

import dev.aioscope.kernel.Host;

/** The release of the running kernel. Only tests expect something of a version: the probes try what works. */
public final class KernelRelease {
    private KernelRelease() {}

    /** Whether it is this one or newer. */
    public static boolean isAtLeast(int major, int minor) {
        String[] numbers = Host.release().split("[^0-9]", 3);
        int ownMajor = Integer.parseInt(numbers[0]);
        return ownMajor > major || (ownMajor == major && Integer.parseInt(numbers[1]) >= minor);
    }
}
