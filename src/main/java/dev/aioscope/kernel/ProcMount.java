package dev.aioscope.kernel;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    /** The inode of the first pid namespace (PROC_PID_INIT_INO in include/linux/proc_ns.h). */
    private static final String HOST_NAMESPACE = "pid:[4026531836]";

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

    /** Everything that hides processes from this process, each with a hint; empty on an ordinary host. */
    public static List<HostCause> hiding() {
        return Stream.of(ofPidNamespace(), read().ofHiddenProcesses())
                .flatMap(Optional::stream)
                .toList();
    }

    /** That the pids of /proc are not those of the host; empty if they are, or if that is unknown. */
    public static Optional<HostCause> ofPidNamespace() {
        return namespace()
                .filter(namespace -> !namespace.equals(HOST_NAMESPACE))
                .map(namespace -> new HostCause(
                        "cannot identify processes outside this pid namespace: it is not the host's",
                        "run aioscope in the pid namespace of the host: hostPID: true, or --pid=host"));
    }

    /** The namespace of /proc: that of its process 1, or else of this process if it has its own pid there. */
    private static Optional<String> namespace() {
        return link("/proc/1/ns/pid")
                .or(() -> link("/proc/self")
                        .filter(pid ->
                                pid.equals(Long.toString(ProcessHandle.current().pid())))
                        .flatMap(pid -> link("/proc/self/ns/pid")));
    }

    private static Optional<String> link(String path) {
        try {
            return Optional.of(Files.readSymbolicLink(Path.of(path)).toString());
        } catch (IOException e) {
            return Optional.empty();
        }
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
