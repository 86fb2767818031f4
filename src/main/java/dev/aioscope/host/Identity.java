package dev.aioscope.host;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The identity of a process at the time it was read. A component that could not be read is null. The start time is in
 * {@link dev.aioscope.lifecycle.Task}.
 *
 * @param comm name of the main thread, which the process may change; at most 15 bytes
 * @param executable path of the program; ends with {@code  (deleted)} if the file has no name any more
 * @param arguments command line, starting with the program's name; may be empty
 * @param hidesArguments whether all arguments after the program's name were removed
 * @param user the user that the process runs as
 * @param group the group that the process runs as
 * @param cgroupLine its cgroup as a line of {@code /proc/PID/cgroup}, such as {@code 0::/system.slice}; only the path if the
 *     hierarchy is unknown
 * @param namespaces what the process sees differently from the host
 * @param kubernetes the names of its container in Kubernetes
 */
public record Identity(
        @Nullable String comm,
        @Nullable String executable,
        List<String> arguments,
        boolean hidesArguments,
        @Nullable String user,
        @Nullable String group,
        @Nullable String cgroupLine,
        Namespaces namespaces,
        KubernetesNames kubernetes) {
    /** How the kernel marks the path of a deleted file. */
    private static final String DELETED = " (deleted)";

    /** The identity of an unknown process. */
    public static final Identity UNKNOWN =
            new Identity(null, null, List.of(), false, null, null, null, Namespaces.HOST);

    /** Copies the arguments. */
    public Identity {
        arguments = List.copyOf(arguments);
    }

    /** Without names of Kubernetes. */
    public Identity(
            @Nullable String comm,
            @Nullable String executable,
            List<String> arguments,
            boolean hidesArguments,
            @Nullable String user,
            @Nullable String group,
            @Nullable String cgroupLine,
            Namespaces namespaces) {
        this(comm, executable, arguments, hidesArguments, user, group, cgroupLine, namespaces, KubernetesNames.UNKNOWN);
    }

    /** A copy that keeps only the program's name, because arguments can contain secrets. */
    public Identity withoutArguments() {
        return new Identity(
                comm,
                executable,
                arguments.stream().limit(1).toList(),
                !arguments.isEmpty(),
                user,
                group,
                cgroupLine,
                namespaces,
                kubernetes);
    }

    /** A copy with these arguments. */
    Identity withArguments(List<String> found) {
        return new Identity(comm, executable, found, hidesArguments, user, group, cgroupLine, namespaces, kubernetes);
    }

    /** A copy with this user. */
    Identity withUser(String name) {
        return new Identity(
                comm, executable, arguments, hidesArguments, name, group, cgroupLine, namespaces, kubernetes);
    }

    /** A copy with this group. */
    Identity withGroup(String name) {
        return new Identity(
                comm, executable, arguments, hidesArguments, user, name, cgroupLine, namespaces, kubernetes);
    }

    /** A copy with these names in Kubernetes. */
    public Identity withKubernetes(KubernetesNames names) {
        return new Identity(comm, executable, arguments, hidesArguments, user, group, cgroupLine, namespaces, names);
    }

    /** The path of the executable, also if the file was deleted; null if unknown. */
    public @Nullable String executablePath() {
        return executable == null || !executable.endsWith(DELETED)
                ? executable
                : executable.substring(0, executable.length() - DELETED.length());
    }

    /** The file name of {@link #executablePath}; null if unknown. */
    public @Nullable String executableName() {
        String path = executablePath();
        return path == null ? null : path.substring(path.lastIndexOf('/') + 1);
    }

    /** The path of the cgroup; null if unknown. */
    public @Nullable String cgroup() {
        return cgroupLine == null ? null : CgroupPath.of(cgroupLine);
    }

    /** The command line joined with spaces, or the executable if there is none; null if both are unknown. */
    public @Nullable String command() {
        return arguments.isEmpty() ? executable : String.join(" ", arguments);
    }

    /** The container or systemd unit of the process. */
    public Optional<Container> container() {
        String path = cgroup();
        return path == null ? Optional.empty() : Container.of(path, namespaces.hostName(), kubernetes);
    }
}
