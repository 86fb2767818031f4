package dev.aioscope.probe.bpf;

import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import dev.aioscope.kernel.HostCause;
import dev.aioscope.kernel.Tracefs;
import dev.aioscope.probe.AttachPoint.Mode;
import java.util.Optional;

/** How to fix a rejection by the kernel. */
final class Hints {
    /** Debian's kernels have a level 3, their default, at which CAP_PERFMON does not suffice. */
    private static final String LESS_PARANOID =
            "give aioscope CAP_SYS_ADMIN, or set kernel.perf_event_paranoid to 2 or less";

    /** After an inconsistency the kernel ends ftrace (ftrace_kill); it then rejects trampolines and kprobes at functions. */
    static final String END_OF_FTRACE = "restart the host: the kernel has ended ftrace, probably after a line"
            + " \"WARNING: ... kernel/trace/ftrace.c\" or \"ftrace bug\" in the kernel log (dmesg)";

    private Hints() {}

    /** For a program that did not load or attach in this mode. */
    static String of(Mode mode, int errno) {
        if (!Host.has(Capability.CAP_BPF) && !Host.has(Capability.CAP_SYS_ADMIN)) {
            return HostCause.missingBpfCapability().hint();
        }
        if (!Host.has(Capability.CAP_PERFMON) && !Host.has(Capability.CAP_SYS_ADMIN)) {
            return "give aioscope CAP_PERFMON as well";
        }
        if (!Host.hasBtf()) {
            return "use a kernel with CONFIG_DEBUG_INFO_BTF=y (/sys/kernel/btf/vmlinux does not exist)";
        }
        if (mode == Mode.TRACEPOINT && Tracefs.directory().isEmpty()) {
            return Tracefs.hint(); // Whatever errno the attempt to mount it has left.
        }
        Optional<HostCause> cause = errno == Errno.EPERM ? HostCause.ofMissingPermission() : Optional.empty();
        if (cause.isPresent()) {
            return cause.get().hint();
        }
        return switch (mode) {
            case FENTRY, FEXIT ->
                errno == Errno.EPERM || errno == Errno.EACCES
                        ? "use a kernel that permits tracing programs"
                                + Host.lockdown()
                                        .map(level -> " (lockdown is " + level + ")")
                                        .orElse("")
                        : trampolines(errno, Host.architecture());
            case KPROBE -> isParanoid(errno) ? LESS_PARANOID : kprobeEvents();
            case KRETPROBE -> withTracefs(isParanoid(errno) ? LESS_PARANOID : kprobeEvents());
            case TRACEPOINT -> isParanoid(errno) ? LESS_PARANOID : "use a kernel with CONFIG_FTRACE_SYSCALLS=y";
            case ITERATOR ->
                errno == Errno.EPERM && !Host.has(Capability.CAP_SYS_RESOURCE)
                        ? "allow more locked memory (LimitMEMLOCK=infinity in the unit), or give aioscope"
                                + " CAP_SYS_RESOURCE; on Linux 5.11 and newer, use a seccomp profile that allows bpf"
                        : "use Linux 5.8 or newer with CONFIG_BPF_SYSCALL and BTF";
        };
    }

    /** Without trampolines for its architecture a kernel accepts the programs, but attaches none. */
    static String trampolines(int errno, String architecture) {
        return errno == Errno.ENOTSUPP && architecture.equals("aarch64")
                ? "use a kernel with BPF trampolines for arm64, such as Linux 6.4 or newer"
                : "use a kernel with CONFIG_FUNCTION_TRACER and BPF trampolines for this function";
    }

    private static String withTracefs(String hint) {
        return Tracefs.directory().isPresent() ? hint : Tracefs.hint();
    }

    private static boolean isParanoid(int errno) {
        return errno == Errno.EACCES && !Host.has(Capability.CAP_SYS_ADMIN);
    }

    private static String kprobeEvents() {
        return Tracefs.definesKprobes()
                ? "see the kernel log (dmesg)"
                : Tracefs.directory().isPresent() ? "use a kernel with CONFIG_KPROBE_EVENTS=y" : Tracefs.hint();
    }
}
