package dev.aioscope.host;

import org.jspecify.annotations.Nullable;

/**
 * How a process sees itself from inside its namespaces.
 *
 * @param pid its PID in its own PID namespace; null if that is the host's, or unknown
 * @param hostName the UTS node name it sees; null if its UTS namespace is the host's, or unknown
 */
public record Namespaces(@Nullable Integer pid, @Nullable String hostName) {
    /** The host's namespaces, or unknown ones. */
    public static final Namespaces HOST = new Namespaces(null, null);
}
