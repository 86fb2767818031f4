package dev.aioscope.host;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who a process is, as it was when it was looked at. What could not be read is null. When it began tells its {@link
 * dev.aioscope.lifecycle.Task}.
 *
 * @param executable the path of its program
 * @param arguments its command line, the program's name first; empty for one that has none
 * @param isCut whether all arguments but the program's name were left out because they are to be hidden
 * @param user whom it runs as
 * @param cgroup the path of its cgroup
 */
public record Identity(
        @Nullable String executable,
        List<String> arguments,
        boolean isCut,
        @Nullable String user,
        @Nullable String cgroup) {
    /** A process of which nothing is known. */
    public static final Identity UNKNOWN = new Identity(null, List.of(), false, null, null);

    /** Copies the arguments. */
    public Identity {
        arguments = List.copyOf(arguments);
    }

    /** The same without what can hold secrets. */
    public Identity cut() {
        return new Identity(executable, arguments.stream().limit(1).toList(), !arguments.isEmpty(), user, cgroup);
    }

    /** The command line with spaces, or else the program; null if neither is known. */
    public @Nullable String command() {
        return arguments.isEmpty() ? executable : String.join(" ", arguments);
    }

    /** What it runs in. */
    public Optional<Container> container() {
        return cgroup == null ? Optional.empty() : Container.of(cgroup);
    }
}
