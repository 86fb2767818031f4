package dev.aioscope.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The container, virtual machine, batch job or systemd unit that a process runs in, found from its cgroup path.
 *
 * @param runtime {@code docker}, {@code containerd}, {@code cri-o}, {@code podman}, {@code lxc}, {@code machine} (a
 *     virtual machine or a container of systemd-machined or libvirt), {@code kubernetes} if the runtime is unknown,
 *     {@code systemd} for a unit, or another word of {@code FORMS}
 * @param id the runtime's container ID: 64 hexadecimal digits, or a name
 * @param isInPod whether it is a container of a Kubernetes pod, or runs in one
 * @param podUid UID of the pod; null if it is not certain, as of a static pod, which has another one in the API
 * @param podName name of the pod; null if it is not certain
 * @param podNamespace namespace of the pod; null if it is not certain
 * @param name name of the container, in a pod that of its specification; null if it is not certain
 */
public record Container(
        String runtime,
        String id,
        boolean isInPod,
        @Nullable String podUid,
        @Nullable String podName,
        @Nullable String podNamespace,
        @Nullable String name) {
    /**
     * How a runtime names the cgroup of a container.
     *
     * @param isNamed whether the ID is the name that people gave
     * @param pattern matches the last directories of the path; its last group is the ID
     */
    private record Form(String runtime, boolean isNamed, Pattern pattern) {
        static Form id(String runtime, String regex) {
            return new Form(runtime, false, compile(regex));
        }

        static Form name(String runtime, String regex) {
            return new Form(runtime, true, compile(regex));
        }

        /** A removed cgroup is marked. */
        private static Pattern compile(String regex) {
            return Pattern.compile("/" + regex + "(?=/|$| \\(deleted\\)$)");
        }
    }

    /** A container on the path, and where its directory ends. */
    private record Level(Form form, String id, int end) {}

    private static final String ID = "([0-9a-f]{64})";
    private static final String NAME = "([\\w.@:+\\\\-]{1,255})";
    private static final String UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

    /** BuildKit's ID of a build step. */
    private static final String STEP = "([0-9a-z]{25})";

    /** Where several forms match the same directory, the first applies. */
    private static final List<Form> FORMS = List.of(
            Form.id("docker", "docker-" + ID + "\\.scope"),
            Form.id("docker", "docker/" + ID),
            Form.id("docker", "docker(?:-|/buildkit/)" + STEP + "(?:\\.scope)?"),
            Form.id("buildkit", "buildkit/" + STEP),
            Form.id("containerd", "(?:cri-containerd|nerdctl)-" + ID + "\\.scope"),
            Form.id("containerd", "(?:default|k8s\\.io|moby)/" + ID),
            Form.id("containerd", "([0-9a-f]{32}-\\d{6,})"), // Fargate
            Form.id("cri-o", "crio-" + ID + "(?:\\.scope)?"),
            Form.id("podman", "libpod-(?:payload-)?" + ID + "(?:\\.scope)?"),
            Form.name("runc", "(?:runc|crun|youki)-" + NAME + "\\.scope"),
            Form.name("lxc", "lxc(?:\\.payload[./]|/)" + NAME),
            Form.name("machine", "machine-" + NAME + "\\.scope"),
            Form.name("machine", "systemd-(?:nspawn|vmspawn)@" + NAME + "\\.service"),
            Form.name("machine", "machine/" + NAME + "\\.libvirt-\\w+"),
            Form.name("machine", "libvirt/(?:qemu|lxc|ch|xen)/" + NAME),
            Form.id("machine", "(?:qemu\\.slice/|machine\\.slice/qemu-)(\\d+)\\.scope"), // Proxmox
            Form.id("kata", "kata_" + ID),
            Form.id("kata", "kata_overhead/" + NAME),
            Form.id("firecracker", "firecracker(?:-v[\\w.-]+)?/([A-Za-z0-9-]{1,64})"),
            Form.id("nomad", "nomad(?:\\.slice)?/(?:[^/]+/)?(" + UUID + "(?:[.-][^/]+?)?)(?:\\.scope)?"),
            Form.id("mesos", "mesos/(" + UUID + "(?:[.-][\\w.-]+)?)"),
            Form.id("garden", "garden/(?:(?:good|bad)/)?((?!(?:good|bad)(?:/|$))[\\w.-]+)"),
            Form.id("slurm", "(?:[^/]+_)?slurmstepd\\.scope/job_(\\d+)"),
            Form.id("slurm", "slurm(?:_[^/]+)?/uid_\\d+/job_(\\d+)"),
            Form.id("htcondor", "(condor_[^/]*slot[^/]*)"),
            Form.id("apptainer", "(?:apptainer|singularity)[-/](\\d+)(?:\\.scope)?"),
            Form.id("container", "(?!conmon)[a-z0-9]+-" + ID + "\\.scope"),
            Form.id("", ID)); // By a parent that its operator named, or in a pod.

    /** containerd with the systemd syntax of a path, but the driver cgroupfs: one directory instead of two. */
    private static final Pattern COLONS = Pattern.compile("(?<=/)([^/:]*):([\\w-]+):([^/:]+)(?=/|$)");

    private static final Pattern POD =
            Pattern.compile("/(?:[^/]*kubepods[^/]*-)?pod([0-9a-f]{8}([-_])[0-9a-f]{4}\\2[0-9a-f]{4}"
                    + "\\2[0-9a-f]{4}\\2[0-9a-f]{12}|[0-9a-f]{32})(?:\\.slice)?(?=/|$)");
    private static final Pattern HEXADECIMAL = Pattern.compile(ID);
    private static final Pattern UNIT = Pattern.compile(NAME + "\\.(?:service|scope|socket|mount|swap)");
    private static final Pattern ESCAPED = Pattern.compile("\\\\x([0-9a-f]{2})");

    /** Kubernetes cuts the host name of a pod to this length. */
    private static final int MAX_HOST_NAME = 63;

    /** The runtime of a container in a pod that neither the path nor another source shows. */
    static final String UNKNOWN_RUNTIME = "kubernetes";

    private static final int SHORT_ID = 12;
    private static final int UUID_LENGTH = 36;

    /** As {@link #of(String, String, KubernetesNames)}, without names. */
    public static Optional<Container> of(String path) {
        return of(path, null, KubernetesNames.UNKNOWN);
    }

    /**
     * The innermost container of a cgroup path, or else its systemd unit; empty if it has neither.
     *
     * @param hostName the UTS node name if it belongs to the container; null if it is the host's, or unknown
     * @param names of other sources; those of the path take precedence
     */
    public static Optional<Container> of(String path, @Nullable String hostName, KubernetesNames names) {
        String plain = withoutColons(path);
        List<Level> levels = levels(plain);
        if (levels.isEmpty()) {
            return unit(plain).map(unit -> new Container("systemd", unit, false, null, null, null, null));
        }
        Level inner = levels.get(levels.size() - 1);
        Matcher pods = POD.matcher(plain);
        String podUid = null;
        int podEnd = 0;
        while (pods.find() && pods.end() <= inner.end) {
            podUid = pods.group(1).replace('_', '-');
            podEnd = pods.end();
        }
        int outside = podEnd;
        // A container inside the pod's container has a separate host name.
        boolean isOfPod = (podUid != null || names.podUid() != null || names.pod() != null)
                && levels.stream().filter(level -> level.end > outside).count() == 1
                && isSame(podUid, names.podUid());
        return Optional.of(
                isOfPod
                        ? ofPod(inner, podUid == null ? names.podUid() : podUid, hostName, names)
                        : new Container(
                                runtime(inner, podUid != null, null),
                                inner.id,
                                podUid != null,
                                uid(podUid),
                                null,
                                null,
                                inner.form.isNamed
                                                && !HEXADECIMAL
                                                        .matcher(inner.id)
                                                        .matches()
                                        ? inner.id
                                        : null));
    }

    private static Container ofPod(
            Level container, @Nullable String podUid, @Nullable String hostName, KubernetesNames names) {
        return new Container(
                runtime(container, true, names.runtime()),
                container.id,
                true,
                uid(podUid),
                names.pod() == null ? podName(hostName) : names.pod(),
                names.namespace(),
                names.container());
    }

    private static boolean isSame(@Nullable String first, @Nullable String second) {
        return first == null || second == null || first.equals(second);
    }

    private static String runtime(Level container, boolean isInPod, @Nullable String known) {
        if (!container.form.runtime.isEmpty()) {
            return container.form.runtime;
        }
        return !isInPod ? "docker" : known == null ? UNKNOWN_RUNTIME : known;
    }

    /** kubelet names the directories of a static pod by the hash of its configuration. */
    private static @Nullable String uid(@Nullable String directory) {
        return directory == null || directory.length() < UUID_LENGTH ? null : directory;
    }

    /** Kubernetes names the host after the pod, or after its domain, and cuts long names. */
    private static @Nullable String podName(@Nullable String hostName) {
        return hostName == null || hostName.length() >= MAX_HOST_NAME
                ? null
                : hostName.replaceFirst("\\..*\\.svc\\..*", "");
    }

    /** How much a path says: containers nested in each other before one, a pod before none, a unit before none. */
    static int detail(String path) {
        String plain = withoutColons(path);
        return 8 * levels(plain).size()
                + (POD.matcher(plain).find() ? 4 : 0)
                + (unit(plain).isPresent() ? 2 : 0)
                + (path.equals("/") ? 0 : 1);
    }

    private static String withoutColons(String path) {
        return path.indexOf(':') < 0 ? path : COLONS.matcher(path).replaceAll("$1/$2-$3.scope");
    }

    /** The containers on a path, outermost first. */
    private static List<Level> levels(String path) {
        TreeMap<Integer, Level> found = new TreeMap<>();
        for (Form form : FORMS) {
            Matcher matcher = form.pattern.matcher(path);
            for (int at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
                if (matcher.region(at, path.length()).lookingAt()) {
                    String id = unescape(matcher.group(matcher.groupCount()));
                    found.putIfAbsent(matcher.end(), new Level(form, id, matcher.end()));
                }
            }
        }
        return new ArrayList<>(found.values());
    }

    /** The name without the escapes of systemd, as machinectl prints it. */
    private static String unescape(String name) {
        return ESCAPED.matcher(name)
                .replaceAll(
                        hex -> Matcher.quoteReplacement(Character.toString((char) Integer.parseInt(hex.group(1), 16))));
    }

    private static Optional<String> unit(String path) {
        String[] directories = path.split("/", -1);
        for (int i = directories.length - 1; i >= 0; i--) {
            if (UNIT.matcher(directories[i]).matches()) {
                return Optional.of(directories[i]);
            }
        }
        return Optional.empty();
    }

    /** Whether this is a systemd unit, not a container. */
    public boolean isUnit() {
        return runtime.equals("systemd");
    }

    /** {@code runtime:namespace/pod/container} as far as known, or else its ID: 12 hexadecimal digits, as runtimes print it. */
    public String label() {
        return runtime + ":"
                + (podName == null
                        ? shortId()
                        : (podNamespace == null ? "" : podNamespace + "/")
                                + podName
                                + (name == null ? "" : "/" + name));
    }

    /** The label, and the ID of a container in a pod: other containers can have the same label. */
    public String uniqueLabel() {
        return podName == null ? label() : label() + "/" + shortId();
    }

    /** Whether the ID is one that Kubernetes may have given names. */
    boolean mayHaveNames() {
        return HEXADECIMAL.matcher(id).matches();
    }

    private String shortId() {
        return HEXADECIMAL.matcher(id).matches() ? id.substring(0, SHORT_ID) : id;
    }
}
