package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Errno;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.SeccompFilter;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** In a restricted environment, each command names the restriction once, with a hint. */
class HostCauseIT {
    private static final String NOBODY = "exec setpriv --reuid=65534 --regid=65534 --clear-groups ";

    /** Runs aioscope at the end of a shell command. */
    private static CommandResult in(String environment, String... arguments) throws IOException {
        return Commands.execute("sh", "-c", environment + String.join(" ", Aioscope.command(arguments)));
    }

    private static void assertNamesOnce(CommandResult result, String cause, String hint) {
        assertThat(result.output()).containsOnlyOnce(cause).contains(hint).doesNotContain("\tat ");
    }

    private static void assertNames(CommandResult doctor, String check, String cause, String hint) {
        assertThat(doctor.output().lines().map(line -> line.replaceAll(" +", " ")))
                .contains(" NO " + check + " " + cause)
                .anyMatch(line -> line.startsWith(" hint: " + hint));
    }

    @Test
    void namesTooFewDescriptors() throws IOException {
        String limited = "ulimit -n 64 && exec ";

        assertNamesOnce(
                in(limited, "contexts"),
                "cannot load the probes: too many open files: the limit is 64",
                "LimitNOFILE=");
        assertNamesOnce(in(limited, "trace", "--for", "100ms"), "too many open files: the limit is 64", "LimitNOFILE=");
        CommandResult doctor = in(limited, "doctor");
        assertNames(doctor, "full", "cannot load the probes: too many open files: the limit is 64", "raise the limit");
        assertThat(doctor.output()).containsOnlyOnce("too many open files");
        assertThat(doctor.output()).contains("To enable full: raise the limit");
    }

    @Test
    void namesPidNamespace() throws IOException {
        String namespace = "exec unshare --pid --fork --mount-proc ";
        String what = "processes outside this pid namespace: it is not the host's; PIDs, also those of --pid, are ";
        String cause = "cannot scan " + what + "the host's";

        assertNamesOnce(in(namespace, "contexts", "--tier", "sample"), cause, "hostPID: true");
        assertNamesOnce(
                in(namespace, "contexts", "--tier", "proc"),
                "cannot scan " + what + "those of the namespace",
                "hostPID");
        assertThat(in(namespace, "contexts", "--json").output())
                .contains("\"scan_scope\":\"pid_namespace\"", "\"unattributed\":null");
        assertNamesOnce(in(namespace, "trace", "--for", "100ms"), cause, "--pid=host");
        assertThat(in(namespace, "doctor").output().replaceAll("\\s+", " "))
                .contains("NO pid_namespace " + cause + " hint: run aioscope in the pid namespace of the host");
    }

    /** Names are found, but the iterator does not list all tasks. */
    @Test
    void namesPidNamespaceWithProcOfHost() throws IOException {
        String namespace = "exec unshare --pid --fork ";

        assertNamesOnce(
                in(namespace, "contexts", "--tier", "sample"),
                "cannot scan processes outside this pid namespace: it is not the host's; PIDs, also those of --pid, are"
                        + " the host's",
                "hostPID: true");
        assertThat(in(namespace, "contexts", "--tier", "proc").output()).doesNotContain("namespace");
    }

    @Test
    void recognizesOwnProcessesInPidNamespace() throws IOException {
        CommandResult demo = in("exec unshare --pid --fork --mount-proc ", "demo", "--watch");

        assertThat(demo.output()).containsPattern("contexts set up +10 +10\\b");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void namesHiddenProcesses(int hidepid) throws IOException {
        String hidden = "exec unshare --mount sh -c 'mount -t proc -o hidepid=" + hidepid + " proc /proc && \"$@\"' sh "
                + NOBODY.replace("exec ", "");
        String cause = "cannot see all processes of other users: /proc is mounted with hidepid=" + hidepid;

        assertNamesOnce(in(hidden, "contexts", "--tier", "proc"), cause, "CAP_SYS_PTRACE");
        assertNamesOnce(in(hidden, "trace", "--tier", "proc", "--for", "100ms"), cause, "CAP_SYS_PTRACE");
    }

    /** As on a kernel before 5.8. */
    @Test
    void namesCapabilityThatKernelHas() throws IOException {
        String old = "mount -t tmpfs -o mode=755 tmpfs /mnt && echo 37 > /mnt/last"
                + " && mount --bind /mnt/last /proc/sys/kernel/cap_last_cap";

        CommandResult contexts = nobodyWith(old, "contexts", "--tier", "sample");

        assertNamesOnce(contexts, "CAP_SYS_ADMIN is missing (EPERM)", "or give it CAP_SYS_ADMIN");
    }

    @Test
    void acceptsHiddenProcessesForRoot() throws IOException {
        String hidden = "exec unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc && \"$@\"' sh ";

        assertThat(in(hidden, "contexts", "--tier", "proc").output()).doesNotContain("hidepid");
    }

    @Test
    void namesProcWithoutSysctls() throws IOException {
        String subset = "exec unshare --mount sh -c 'mount -t proc -o subset=pid proc /proc && \"$@\"' sh ";
        String cause = "cannot read fs.aio-nr: /proc is mounted with subset=pid (ProcSubset=pid)";

        for (String tier : new String[] {"sample", "proc"}) {
            CommandResult contexts = in(subset, "contexts", "--tier", tier);
            assertThat(contexts.status()).as(contexts.output()).isZero();
            assertNamesOnce(contexts, cause, "remove ProcSubset=pid");
        }
        assertNamesOnce(in(subset, "plan"), cause, "remove ProcSubset=pid");
        assertNames(in(subset, "doctor"), "quota", cause, "remove ProcSubset=pid");
    }

    /** Runs aioscope as another user, with this mounted. */
    private static CommandResult nobodyWith(String mount, String... arguments) throws IOException {
        return in("exec unshare --mount sh -c '" + mount + " && \"$@\"' sh " + NOBODY.replace("exec ", ""), arguments);
    }

    private static void assertNamesOrigin(CommandResult doctor, String origin) {
        assertThat(doctor.output().replaceAll("\\s+", " ")).contains(" aio-max-nr " + origin);
    }

    @Test
    void namesUnreadableNamesOfContainers() throws IOException {
        String log = "mount -t tmpfs -o mode=755 tmpfs /var/log && mkdir -m 700 /var/log/containers";

        assertNames(
                nobodyWith(log, "doctor"),
                "container_names",
                "cannot read the names of containers: permission denied",
                "permit this user to read /var/log/containers");
    }

    @Test
    void namesUnreadableFilesOfLimit() throws IOException {
        String run = "mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sysctl.d && cd /run/sysctl.d && ";

        assertNamesOrigin(
                nobodyWith(run + "chmod 700 .", "doctor"),
                "cannot read /run/sysctl.d (permission denied), so the file that sets fs.aio-max-nr is unknown;");
        assertNamesOrigin(
                nobodyWith(run + "echo fs.aio-max-nr = 77 > z1.conf && umask 077 && touch z2.conf", "doctor"),
                "/run/sysctl.d/z1.conf, line 1, sets fs.aio-max-nr to 77, unless a file sets it that is not readable:"
                        + " /run/sysctl.d/z2.conf (permission denied);");
    }

    @Test
    void namesRootOfHostThatIsClosed() throws IOException {
        String closed =
                "cannot read /proc/1/root of the host (operation not permitted), so the file that sets fs.aio-max-nr"
                        + " is unknown;";

        assertNamesOrigin(nobodyWith("mount -t proc -o hidepid=1 proc /proc", "doctor"), closed);
    }

    @Test
    void namesLimitFileOfHostOnlyFromPidNamespaceOfHost() throws IOException {
        assertNamesOrigin(
                in("exec unshare --pid --fork --mount-proc ", "doctor"),
                "cannot read /proc/1/root of the host (this pid namespace is not the host's), so the file that sets"
                        + " fs.aio-max-nr is unknown;");
    }

    private static CommandResult refused(int call, int errno, String... arguments) throws IOException {
        return Commands.execute(SeccompFilter.command(call, errno, Aioscope.command(arguments)));
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.ENOSYS, Errno.EPERM})
    void namesUnavailableAio(int errno) throws IOException {
        String cause = "io_setup is unavailable: it returns " + Errno.name(errno) + ", and a seccomp filter is active";

        CommandResult demo = refused(SeccompFilter.IO_SETUP, errno, "demo");

        assertThat(demo.status()).as(demo.output()).isEqualTo(3);
        assertNamesOnce(demo, "cannot run the workload: " + cause, "hint: use a seccomp profile");
        assertNames(refused(SeccompFilter.IO_SETUP, errno, "doctor"), "aio", cause, "use a seccomp profile");
    }

    @Test
    void namesSeccompFilterThatRefusesBpf() throws IOException {
        assertNamesOnce(
                refused(SeccompFilter.BPF, Errno.EPERM, "contexts"),
                "not permitted in spite of the capabilities (EPERM), and a seccomp filter is active",
                "use a seccomp profile that allows bpf");
        assertNamesOnce(
                refused(SeccompFilter.BPF, Errno.ENOSYS, "contexts"), "no system call bpf here (ENOSYS)", "gVisor");
    }

    /** As in a pod without the tracefs of its node: the filter permits bpf, and is not the reason. */
    @Test
    void namesMissingTracefsInSpiteOfSeccompFilter() throws IOException {
        String unmounted =
                "umount --quiet /sys/kernel/tracing; umount --recursive --quiet /sys/kernel/debug; exec \"$@\"";
        CommandResult trace = Commands.execute(Stream.concat(
                        Stream.of("unshare", "--mount", "sh", "-c", unmounted, "sh"),
                        Stream.of(SeccompFilter.command(
                                SeccompFilter.FSOPEN,
                                Errno.EPERM,
                                Aioscope.command("trace", "--tier", "syscall", "--for", "100ms"))))
                .toArray(String[]::new));

        assertNamesOnce(trace, "tracefs is not mounted", "hint: mount -t tracefs");
        assertThat(trace.output()).doesNotContain("seccomp");
    }

    @Test
    void namesDirectoryWithoutExecution() throws IOException {
        CommandResult contexts = Commands.execute(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount -t tmpfs -o noexec tmpfs /mnt && exec \"$@\"",
                "sh",
                "env",
                "JAVA_TOOL_OPTIONS=-Djna.tmpdir=/mnt",
                "java",
                "-jar",
                "target/aioscope.jar",
                "contexts");

        assertThat(contexts.status()).as(contexts.output()).isEqualTo(3);
        assertNamesOnce(contexts, "cannot load native code: /mnt does not permit execution (noexec)", "-Djna.tmpdir=");
    }
}
