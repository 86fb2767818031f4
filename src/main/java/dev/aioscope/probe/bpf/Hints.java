package dev.aioscope.probe.bpf;

import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import dev.aioscope.kernel.Tracefs;
import dev.aioscope.probe.AttachPoint.Mode;

/** What would make the kernel give another answer. */
final class Hints {
    /** Debian's kernels know a level 3, at which CAP_PERFMON does not suffice, and it is what they begin with. */
    private static final String LESS_PARANOID = "CAP_SYS_ADMIN, or kernel.perf_event_paranoid of 2 or less";

    private Hints() {}

    /** For a program that could not be loaded or attached in this mode. */
    static String of(Mode mode, int errno) {
        if (!Host.has(Capability.CAP_BPF) && !Host.has(Capability.CAP_SYS_ADMIN)) {
            return "run aioscope as root, or give it CAP_BPF and CAP_PERFMON";
        }
        if (!Host.has(Capability.CAP_PERFMON) && !Host.has(Capability.CAP_SYS_ADMIN)) {
            return "give aioscope CAP_PERFMON as well";
        }
        if (!Host.hasBtf()) {
            return "a kernel with CONFIG_DEBUG_INFO_BTF=y (/sys/kernel/btf/vmlinux is not there)";
        }
        return switch (mode) {
            case FENTRY, FEXIT ->
                errno == Errno.EPERM || errno == Errno.EACCES
                        ? "a kernel that lets root load tracing programs"
                                + Host.lockdown()
                                        .map(level -> " (lockdown is " + level + " here)")
                                        .orElse("")
                        : "a kernel with CONFIG_FUNCTION_TRACER and BPF trampolines for this function";
            case KPROBE -> isParanoid(errno) ? LESS_PARANOID : kprobeEvents();
            case KRETPROBE -> withTracefs(isParanoid(errno) ? LESS_PARANOID : kprobeEvents());
            case TRACEPOINT ->
                withTracefs(isParanoid(errno) ? LESS_PARANOID : "a kernel with CONFIG_FTRACE_SYSCALLS=y");
            case ITERATOR ->
                errno == Errno.EPERM && !Host.has(Capability.CAP_SYS_RESOURCE)
                        ? "more locked memory (LimitMEMLOCK=infinity in the unit), or CAP_SYS_RESOURCE; Linux 5.11 and newer"
                                + " need neither, but in a container a seccomp profile that allows bpf"
                        : "a kernel of 5.8 or newer with CONFIG_BPF_SYSCALL and BTF";
        };
    }

    private static String withTracefs(String hint) {
        return Tracefs.folder().isPresent() ? hint : Tracefs.hint();
    }

    private static boolean isParanoid(int errno) {
        return errno == Errno.EACCES && !Host.has(Capability.CAP_SYS_ADMIN);
    }

    private static String kprobeEvents() {
        return Tracefs.definesKprobes()
                ? "nothing is known; the kernel's log (dmesg) may tell"
                : Tracefs.folder().isPresent() ? "a kernel with CONFIG_KPROBE_EVENTS=y" : Tracefs.hint();
    }
}
