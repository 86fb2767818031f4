package dev.aioscope.host;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What Kubernetes calls a container. A name that is not certain is null.
 *
 * @param runtime the container runtime, as {@link Container#runtime} names it
 * @param podUid as kubelet names the directory of the pod
 * @param namespace of the pod
 * @param pod name of the pod
 * @param container name of the container in the pod
 */
public record KubernetesNames(
        @Nullable String runtime,
        @Nullable String podUid,
        @Nullable String namespace,
        @Nullable String pod,
        @Nullable String container) {
    /** No name is known. */
    public static final KubernetesNames UNKNOWN = new KubernetesNames(null, null, null, null, null);

    /** How kubelet names a link in /var/log/containers. It cuts long ones, so that these do not match. */
    private static final Pattern LINK =
            Pattern.compile("([a-z0-9.-]{1,253})_([a-z0-9-]{1,63})_([a-z0-9-]{1,63})-([0-9a-f]{64})\\.log");

    /** What kubelet mounts for the termination message of a container; its file system can begin at any directory. */
    private static final Pattern TERMINATION_MESSAGE =
            Pattern.compile("(?:/.*)?/pods/([0-9a-f-]{32,36})/containers/([a-z0-9-]{1,63})/[^/]+");

    private static final List<RuntimeFile> RUNTIMES = List.of(
            new RuntimeFile("containerd", "(?:/.*)?/io\\.containerd\\.[\\w.]+/sandboxes/[0-9a-f]{64}/hostname"),
            new RuntimeFile("cri-o", "(?:/.*)?/overlay-containers/[0-9a-f]{64}/userdata/hostname"),
            new RuntimeFile("docker", "(?:/.*)?/containers/[0-9a-f]{64}/hostname"));

    /** Where a runtime keeps what it mounts as /etc/hostname. */
    private record RuntimeFile(String name, Pattern file) {
        RuntimeFile(String name, String file) {
            this(name, Pattern.compile(file));
        }
    }

    /** The container ID and the names in a file name of /var/log/containers. */
    record Link(String id, KubernetesNames names) {
        /** Parses a file name; empty if it is not such a link. */
        static Optional<Link> parse(String fileName) {
            Matcher matcher = LINK.matcher(fileName);
            return matcher.matches()
                    ? Optional.of(new Link(
                            matcher.group(4),
                            new KubernetesNames(null, null, matcher.group(2), matcher.group(1), matcher.group(3))))
                    : Optional.empty();
        }
    }

    /** The names in the mounts of a process. Names of which the mounts show several are not certain. */
    static KubernetesNames ofMounts(String mountinfo) {
        List<String[]> mounts = mountinfo
                .lines()
                .map(line -> line.split(" ", 6))
                .filter(fields -> fields.length == 6)
                .toList();
        List<String> roots = mounts.stream().map(fields -> fields[3]).toList();
        return new KubernetesNames(
                mounts.stream()
                        .filter(fields -> fields[4].equals("/etc/hostname"))
                        .flatMap(fields -> runtime(fields[3]).stream())
                        .findFirst()
                        .orElse(null),
                only(roots, 1),
                null,
                null,
                only(roots, 2));
    }

    private static Optional<String> runtime(String file) {
        return RUNTIMES.stream()
                .filter(runtime -> runtime.file.matcher(file).matches())
                .map(RuntimeFile::name)
                .findFirst();
    }

    private static @Nullable String only(List<String> roots, int group) {
        List<String> found = roots.stream()
                .map(TERMINATION_MESSAGE::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(group))
                .distinct()
                .toList();
        return found.size() == 1 ? found.get(0) : null;
    }

    /** These names, and those of another source that are missing here. */
    KubernetesNames or(KubernetesNames other) {
        return new KubernetesNames(
                or(runtime, other.runtime),
                or(podUid, other.podUid),
                or(namespace, other.namespace),
                or(pod, other.pod),
                or(container, other.container));
    }

    private static @Nullable String or(@Nullable String first, @Nullable String second) {
        return first == null ? second : first;
    }
}
