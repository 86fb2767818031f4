package dev.aioscope.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The pid namespaces that limit what this process sees. Iterators list only the tasks of its namespace, {@code /proc}
 * those of the namespace in which it was mounted. Probes fire for every task of the host.
 *
 * @param isHosts whether this process is in the namespace of the host
 * @param isHostsInProc whether {@code /proc} shows the PIDs of the host
 */
public record PidNamespace(boolean isHosts, boolean isHostsInProc) {
    /** What a process of the host sees. */
    static final PidNamespace HOSTS = new PidNamespace(true, true);

    /** The inode of the first pid namespace (PROC_PID_INIT_INO in include/linux/proc_ns.h). */
    private static final String HOST = "pid:[4026531836]";

    private static final String OUTSIDE =
            "processes outside this pid namespace: it is not the host's; PIDs, also those of" + " --pid, are ";

    private static final String HINT =
            "run aioscope in the pid namespace of the host: hostPID: true, --pid=host, or a shell" + " on the host";

    /** The namespaces of this process; one that is unknown counts as the host's. */
    public static PidNamespace read() {
        Optional<String> own = link("/proc/self/ns/pid");
        // Without CAP_SYS_PTRACE, process 1 is unreadable; /proc is of this namespace if its PIDs are.
        Optional<String> shown = link("/proc/1/ns/pid")
                .or(() -> link("/proc/self")
                        .filter(pid ->
                                pid.equals(Long.toString(ProcessHandle.current().pid())))
                        .flatMap(pid -> own));
        return new PidNamespace(isHosts(own), isHosts(shown));
    }

    private static boolean isHosts(Optional<String> namespace) {
        return namespace.filter(name -> !name.equals(HOST)).isEmpty();
    }

    private static Optional<String> link(String path) {
        try {
            return Optional.of(Files.readSymbolicLink(Path.of(path)).toString());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * What is hidden outside the namespaces; empty if they are the host's.
     *
     * @param scansProc whether scans read {@code /proc}, as in the tier {@code proc}
     */
    public Optional<HostCause> restriction(boolean scansProc) {
        if (scansProc) {
            return isHostsInProc ? Optional.empty() : cause("cannot scan " + OUTSIDE + "those of the namespace");
        }
        if (!isHosts) {
            return cause("cannot scan " + OUTSIDE + "the host's");
        }
        return isHostsInProc
                ? Optional.empty()
                : Optional.of(new HostCause(
                        "cannot read arguments of older processes: /proc shows another pid namespace",
                        "mount the /proc of the host"));
    }

    private static Optional<HostCause> cause(String reason) {
        return Optional.of(new HostCause(reason, HINT));
    }
}
