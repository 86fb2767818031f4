package dev.aioscope.probe.proc;

import dev.aioscope.kernel.Host;
import java.util.Optional;

/**
 * A file system in user space, as fusectl shows it. To read that asks its server nothing.
 *
 * @param abort the file by which all of its requests can be made to fail
 * @param waiting requests that its server has not answered
 */
public record FuseConnection(String abort, long waiting) {
    private static final String CONNECTIONS = "/sys/fs/fuse/connections/";

    /** The one with this device, major:minor; none if there is none, or fusectl is not mounted or not for this user. */
    public static Optional<FuseConnection> of(String numbers) {
        return numbers.matches("0:\\d+") ? of(CONNECTIONS, numbers.substring("0:".length())) : Optional.empty();
    }

    private static Optional<FuseConnection> of(String connections, String id) {
        return Host.read(connections + id + "/waiting")
                .map(String::strip)
                .filter(waiting -> waiting.matches("\\d{1,18}"))
                .map(waiting -> new FuseConnection(connections + id + "/abort", Long.parseLong(waiting)));
    }
}
