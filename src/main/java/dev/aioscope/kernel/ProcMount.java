package dev.aioscope.kernel;

import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the mount of /proc hides from this process. A scan that finds nothing there proves nothing.
 *
 * @param options of the file system, {@code hidepid=invisible} and the like; empty if /proc is not mounted
 */
public record ProcMount(List<String> options) {
    /** Since Linux 5.8 the kernel shows names. */
    private static final Map<String, String> HIDEPID_NUMBERS =
            Map.of("off", "0", "noaccess", "1", "invisible", "2", "ptraceable", "4");

    /** Copies the list. */
    public ProcMount {
        options = List.copyOf(options);
    }

    /** The mount that this process sees. */
    public static ProcMount read() {
        return parse(Host.read("/proc/self/mountinfo").orElse(""));
    }

    /** The topmost mount of /proc in this mountinfo. */
    static ProcMount parse(String mountinfo) {
        List<String> options = List.of();
        for (String line : mountinfo.lines().toList()) {
            String[] fields = line.split(" ", -1);
            int separator = Arrays.asList(fields).indexOf("-");
            if (separator > 4 && fields.length > separator + 3 && fields[4].equals("/proc")) {
                options = List.of(fields[separator + 3].split(",", -1));
            }
        }
        return new ProcMount(options);
    }

    /**
     * Everything that hides processes from this process, each with a hint; empty on an ordinary host.
     *
     * @param scansProc whether scans read {@code /proc}
     */
    public static List<HostCause> hiding(boolean scansProc) {
        return Stream.of(PidNamespace.read().restriction(scansProc), read().ofHiddenProcesses())
                .flatMap(Optional::stream)
                .toList();
    }

    /** That /proc hides the processes of other users; empty if it does not. */
    public Optional<HostCause> ofHiddenProcesses() {
        String level = option("hidepid")
                .map(value -> HIDEPID_NUMBERS.getOrDefault(value, value))
                .orElse("0");
        boolean isMember = !level.equals("4") && isInGroup(option("gid").orElse("0"));
        return level.equals("0") || isMember || Host.has(Host.Capability.CAP_SYS_PTRACE)
                ? Optional.empty()
                : Optional.of(new HostCause(
                        "cannot see all processes of other users: /proc is mounted with hidepid=" + level,
                        "run aioscope as root, give it CAP_SYS_PTRACE, or mount /proc without hidepid"));
    }

    private static boolean isInGroup(String gid) {
        return Host.read("/proc/self/status")
                .orElse("")
                .lines()
                .filter(line -> line.startsWith("Gid:") || line.startsWith("Groups:"))
                .anyMatch(line -> List.of(line.split("\\s+", -1)).contains(gid));
    }

    /** Why fs.aio-nr is unreadable; empty if it is readable. */
    public static Optional<HostCause> ofUnreadableQuota() {
        return Host.aioNr().isPresent()
                ? Optional.empty()
                : Optional.of(ofMissingAio().orElseGet(() -> read().withoutSysctls()))
                        .map(cause -> new HostCause("cannot read fs.aio-nr: " + cause.reason(), cause.hint()));
    }

    /** That the kernel has no native AIO; empty if it has, or if /proc shows no numbers of the kernel. */
    public static Optional<HostCause> ofMissingAio() {
        return Host.aioNr().isPresent() || !new File("/proc/sys").isDirectory()
                ? Optional.empty()
                : Optional.of(new HostCause(
                        "this kernel has no native AIO",
                        "use a kernel with CONFIG_AIO=y, outside sandboxes such as gVisor"));
    }

    HostCause withoutSysctls() {
        return options.contains("subset=pid")
                ? new HostCause(
                        "/proc is mounted with subset=pid (ProcSubset=pid)",
                        "remove ProcSubset=pid from the unit, or mount /proc without subset=pid")
                : new HostCause("/proc/sys does not exist", "mount /proc");
    }

    private Optional<String> option(String name) {
        return options.stream()
                .filter(option -> option.startsWith(name + "="))
                .map(option -> option.substring(name.length() + 1))
                .reduce((first, last) -> last);
    }
}
