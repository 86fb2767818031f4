package dev.aioscope.probe.proc;

import dev.aioscope.kernel.Host;
import java.util.Optional;

/**
 * A FUSE connection in fusectl. Reading it does not access the FUSE server.
 *
 * @param abort the file that aborts all its requests
 * @param waiting requests without an answer from its server
 */
public record FuseConnection(String abort, long waiting) {
    private static final String CONNECTIONS = "/sys/fs/fuse/connections/";

    /** The connection of this device, major:minor; empty if there is none, or fusectl is not mounted or unreadable. */
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
