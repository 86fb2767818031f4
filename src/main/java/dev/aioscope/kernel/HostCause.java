package dev.aioscope.kernel;

import dev.aioscope.kernel.Host.Capability;
import java.util.Optional;

/**
 * A condition of this host, or of the environment of this process, that explains a failure.
 *
 * @param reason the condition, a clause without a full stop
 * @param hint how to remove it
 */
public record HostCause(String reason, String hint) {
    /** The reason and the hint in one line. */
    public String text() {
        return reason + " (hint: " + hint + ")";
    }

    /** The shortage behind this errno; empty for an error that depends on the call. */
    public static Optional<HostCause> ofShortage(int errno) {
        return switch (errno) {
            case Errno.EMFILE -> Optional.of(tooManyOpenFiles());
            case Errno.ENFILE ->
                Optional.of(new HostCause("too many open files on this host", "raise sysctl fs.file-max"));
            case Errno.ENOMEM ->
                Optional.of(new HostCause(
                        "not enough memory",
                        "free memory, or raise the memory limit of aioscope (MemoryMax= in the unit)"));
            default -> Optional.empty();
        };
    }

    /** The shortage in a message of the C library; Java's exceptions have no errno. */
    public static Optional<HostCause> ofShortage(String message) {
        return ofShortage(
                message.contains("Too many open files in system")
                        ? Errno.ENFILE
                        : message.contains("Too many open files")
                                ? Errno.EMFILE
                                : message.contains("Cannot allocate memory") ? Errno.ENOMEM : 0);
    }

    /** Why bpf(2) fails with this errno, whatever its arguments; empty if they decide. */
    public static Optional<HostCause> ofBpf(int errno) {
        if (errno == Errno.ENOSYS) {
            return Optional.of(new HostCause(
                    "no system call bpf here (ENOSYS)",
                    "use a kernel with CONFIG_BPF_SYSCALL=y, outside sandboxes and emulators such as gVisor and"
                            + " qemu-user"));
        }
        return errno == Errno.EPERM ? ofMissingPermission() : ofShortage(errno);
    }

    /** Why this process lacks the permission; empty if the reason is unknown. */
    public static Optional<HostCause> ofMissingPermission() {
        if (!Host.has(Capability.CAP_SYS_ADMIN) && !Host.has(Capability.CAP_BPF)) {
            return Optional.of(missingBpfCapability());
        }
        if (!Host.has(Capability.CAP_SYS_ADMIN) && !Host.has(Capability.CAP_PERFMON)) {
            return Optional.of(new HostCause("CAP_PERFMON is missing (EPERM)", "give aioscope CAP_PERFMON as well"));
        }
        if (Host.isInUserNamespace()) {
            return Optional.of(new HostCause(
                    "the capabilities of aioscope apply only to its user namespace (EPERM)",
                    "run aioscope as root of the host, not in a rootless container"));
        }
        // A low limit on locked memory has the same error.
        return Host.hasSeccompFilter() && !Host.limitsBpfMemory()
                ? Optional.of(new HostCause(
                        "not permitted in spite of the capabilities (EPERM), and a seccomp filter is active",
                        "use a seccomp profile that allows bpf and perf_event_open (SystemCallFilter= in the unit)"))
                : Optional.empty();
    }

    /** Neither CAP_BPF nor CAP_SYS_ADMIN, which includes it and is the only one before 5.8. */
    public static HostCause missingBpfCapability() {
        return Host.knows(Capability.CAP_BPF)
                ? new HostCause(
                        "CAP_BPF is missing (EPERM)", "run aioscope as root, or give it CAP_BPF and CAP_PERFMON")
                : new HostCause("CAP_SYS_ADMIN is missing (EPERM)", "run aioscope as root, or give it CAP_SYS_ADMIN");
    }

    /** The limit on open files as a cause. */
    public static HostCause tooManyOpenFiles() {
        return new HostCause(
                "too many open files: the limit is "
                        + Host.limit("Max open files").orElse("unknown"),
                "raise the limit: LimitNOFILE=1024 in the unit, or ulimit -n 1024");
    }

    /** The lockdown level that forbids programs to read kernel memory; empty if it is not in force, or not visible. */
    public static Optional<HostCause> ofLockdown() {
        return Host.lockdown().filter(level -> level.equals("confidentiality")).map(level -> lockdown());
    }

    /** The cause in the verifier's answer that programs cannot read kernel memory; empty if the answer is another. */
    public static Optional<HostCause> ofVerifier(String log) {
        // Every kernel with iterators has these helpers, unless lockdown forbids them.
        return log.matches("(?s).*(unknown func|cannot use helper) bpf_probe_read.*")
                ? Optional.of(lockdown())
                : Optional.empty();
    }

    private static HostCause lockdown() {
        return new HostCause(
                "kernel lockdown is confidentiality, which forbids programs to read kernel memory",
                "boot with lockdown=integrity or lockdown=none");
    }
}
