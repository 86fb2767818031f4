package dev.aioscope.host;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who a process is, as it was when it was looked at. What could not be read is null.
 *
 * @param executable the path of its program
 * @param arguments its command line, the program's name first; empty for one that has none
 * @param user whom it runs as
 * @param cgroup the path of its cgroup
 */
public record Identity(
        @Nullable String executable,
        List<String> arguments,
        @Nullable String user,
        @Nullable String cgroup) {
    /** A process of which nothing is known. */
    public static final Identity UNKNOWN = new Identity(null, List.of(), null, null);

    /** Copies the arguments. */
    public Identity {
        arguments = List.copyOf(arguments);
    }

    /** What it runs in. */
    public Optional<Container> container() {
        return cgroup == null ? Optional.empty() : Container.of(cgroup);
    }
}
