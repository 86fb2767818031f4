package dev.aioscope.host;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The container or systemd unit that a process runs in, found from its cgroup path.
 *
 * @param runtime {@code docker}, {@code containerd}, {@code cri-o}, {@code podman}, {@code lxc}, {@code machine} (a
 *     virtual machine or container registered with systemd-machined), {@code kubernetes} if the runtime is unknown, or
 *     {@code systemd} for a unit
 * @param id the runtime's container ID: 64 hexadecimal digits, or a name
 * @param podUid UID of the Kubernetes pod; null outside of a pod
 */
public record Container(String runtime, String id, @Nullable String podUid) {
    private record NamePattern(String runtime, Pattern pattern) {}

    private static final String ID = "([0-9a-f]{64})";
    private static final String NAME = "([\\w.@:\\\\-]{1,255})";

    /** How runtimes name the cgroup directory of a container; the first match wins. */
    private static final List<NamePattern> PATTERNS = List.of(
            pattern("docker", "docker-" + ID + "\\.scope"),
            pattern("containerd", "(?:cri-containerd|nerdctl)-" + ID + "\\.scope"),
            pattern("cri-o", "crio-" + ID + "(?:\\.scope)?"),
            pattern("podman", "libpod-" + ID + "(?:\\.scope)?"),
            pattern("lxc", "lxc\\.payload\\." + NAME),
            pattern("machine", "machine-" + NAME + "\\.scope"));

    private static final Pattern POD = Pattern.compile("(?:kubepods.*-)?pod([0-9a-f]{8}([-_])[0-9a-f]{4}\\2[0-9a-f]{4}"
            + "\\2[0-9a-f]{4}\\2[0-9a-f]{12}|[0-9a-f]{32})(?:\\.slice)?");
    private static final Pattern BARE = Pattern.compile(ID);
    private static final Pattern UNIT = Pattern.compile(NAME + "\\.(?:service|scope)");

    private static NamePattern pattern(String runtime, String regex) {
        return new NamePattern(runtime, Pattern.compile(regex));
    }

    /** The container of a cgroup path, or else its systemd unit; empty if it has neither. */
    public static Optional<Container> of(String path) {
        List<String> components = List.of(path.split("/", -1));
        String pod = components.stream()
                .map(POD::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1).replace('_', '-'))
                .reduce((outer, inner) -> inner)
                .orElse(null);
        // Containers can be nested and can create cgroups: search from the innermost directory.
        for (int i = components.size() - 1; i >= 0; i--) {
            Optional<Container> found = of(components, i, pod);
            if (found.isPresent()) {
                return found;
            }
        }
        return unit(components);
    }

    private static Optional<Container> of(List<String> components, int i, @Nullable String pod) {
        String component = components.get(i);
        String parent = i == 0 ? "" : components.get(i - 1);
        for (NamePattern candidate : PATTERNS) {
            Matcher matcher = candidate.pattern.matcher(component);
            if (matcher.matches()) {
                return Optional.of(new Container(candidate.runtime, matcher.group(1), pod));
            }
        }
        if (BARE.matcher(component).matches()) {
            String runtime = parent.equals("docker") ? "docker" : pod != null ? "kubernetes" : "containerd";
            return Optional.of(new Container(runtime, component, pod));
        }
        // LXC before version 4.
        return parent.equals("lxc") && component.matches(NAME)
                ? Optional.of(new Container("lxc", component, pod))
                : Optional.empty();
    }

    private static Optional<Container> unit(List<String> components) {
        for (int i = components.size() - 1; i >= 0; i--) {
            if (UNIT.matcher(components.get(i)).matches()) {
                return Optional.of(new Container("systemd", components.get(i), null));
            }
        }
        return Optional.empty();
    }

    /** Whether this is a systemd unit, not a container. */
    public boolean isUnit() {
        return runtime.equals("systemd");
    }

    /** {@code runtime:id}; a hexadecimal ID is cut to 12 digits, as the runtimes' tools print it. */
    public String label() {
        return runtime + ":" + (BARE.matcher(id).matches() ? id.substring(0, 12) : id);
    }
}
