package dev.aioscope.host;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a process runs in, as the path of its cgroup tells.
 *
 * @param runtime {@code docker}, {@code containerd}, {@code cri-o}, {@code podman}, {@code lxc}, {@code machine} (a
 *     virtual machine or container registered with systemd-machined), {@code kubernetes} where the runtime is not told, or
 *     {@code systemd} for a unit
 * @param id the runtime's: 64 hexadecimal digits, or a name
 * @param podUid of the Kubernetes pod
 */
public record Container(String runtime, String id, @Nullable String podUid) {
    private record Form(String runtime, Pattern component) {}

    private static final String ID = "([0-9a-f]{64})";
    private static final String NAME = "([\\w.@:\\\\-]{1,255})";

    /** How runtimes name the folder of a container; the first that fits tells. */
    private static final List<Form> FORMS = List.of(
            form("docker", "docker-" + ID + "\\.scope"),
            form("containerd", "(?:cri-containerd|nerdctl)-" + ID + "\\.scope"),
            form("cri-o", "crio-" + ID + "(?:\\.scope)?"),
            form("podman", "libpod-" + ID + "(?:\\.scope)?"),
            form("lxc", "lxc\\.payload\\." + NAME),
            form("machine", "machine-" + NAME + "\\.scope"));

    private static final Pattern POD = Pattern.compile("(?:kubepods.*-)?pod([0-9a-f]{8}([-_])[0-9a-f]{4}\\2[0-9a-f]{4}"
            + "\\2[0-9a-f]{4}\\2[0-9a-f]{12}|[0-9a-f]{32})(?:\\.slice)?");
    private static final Pattern BARE = Pattern.compile(ID);
    private static final Pattern UNIT = Pattern.compile(NAME + "\\.(?:service|scope)");

    private static Form form(String runtime, String component) {
        return new Form(runtime, Pattern.compile(component));
    }

    /** The container of this cgroup, or else its systemd unit; empty if it is in neither. */
    public static Optional<Container> of(String path) {
        List<String> components = List.of(path.split("/", -1));
        String pod = components.stream()
                .map(POD::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1).replace('_', '-'))
                .reduce((outer, inner) -> inner)
                .orElse(null);
        // The innermost container: one can run in another, and a container can have cgroups of its own.
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
        for (Form form : FORMS) {
            Matcher matcher = form.component.matcher(component);
            if (matcher.matches()) {
                return Optional.of(new Container(form.runtime, matcher.group(1), pod));
            }
        }
        if (BARE.matcher(component).matches()) {
            String runtime = parent.equals("docker") ? "docker" : pod != null ? "kubernetes" : "containerd";
            return Optional.of(new Container(runtime, component, pod));
        }
        // Before LXC 4.
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

    /** Whether it is no container but a systemd unit. */
    public boolean isUnit() {
        return runtime.equals("systemd");
    }

    /** For people: the runtime and what tells this one from others; ids are cut to 12 digits, as their own tools do. */
    public String label() {
        return runtime + ":" + (BARE.matcher(id).matches() ? id.substring(0, 12) : id);
    }
}
