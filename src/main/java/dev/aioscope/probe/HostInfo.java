package dev.aioscope.probe;

import dev.aioscope.kernel.Host;
import org.jspecify.annotations.Nullable;

/**
 * The host that events come from.
 *
 * @param name its name
 * @param release of its kernel, as {@code uname -r} prints it
 * @param machine its architecture, such as {@code x86_64}
 * @param possibleCpus one more than the highest number that a CPU can have
 * @param hz timer interrupts per second; null if unknown
 */
public record HostInfo(
        String name,
        String release,
        String machine,
        int possibleCpus,
        @Nullable Integer hz) {
    /** This host. */
    public static HostInfo local() {
        return new HostInfo(
                Host.read("/proc/sys/kernel/hostname").orElse("unknown"),
                Host.release(),
                Host.architecture(),
                Host.possibleCpus(),
                Host.hz().orElse(null));
    }
}
