package dev.aioscope.probe.bpf;

import dev.aioscope.kernel.Host;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Tier;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The places where probes attach, each with its modes, best first. The programs are those of {@code
 * probes/aioscope.bpf.c}, named {@code <mode>_<function>}.
 */
public enum AttachTarget {
    IO_SETUP(Tier.FULL, "io_setup", false, Mode.FENTRY, Mode.KPROBE),
    IO_SETUP_RETURN(Tier.FULL, "io_setup return", false, Mode.FEXIT, Mode.KRETPROBE),
    IO_DESTROY(Tier.FULL, "io_destroy", false, Mode.FENTRY, Mode.KPROBE),
    IO_DESTROY_RETURN(Tier.FULL, "io_destroy return", false, Mode.FEXIT, Mode.KRETPROBE),
    KILL_IOCTX(Tier.FULL, "kill_ioctx", true, Mode.FENTRY, Mode.KPROBE),
    KILL_IOCTX_RETURN(Tier.FULL, "kill_ioctx return", true, Mode.FEXIT, Mode.KRETPROBE),
    VM_MUNMAP(Tier.FULL, "vm_munmap", false, Mode.FENTRY, Mode.KPROBE),
    VM_MUNMAP_RETURN(Tier.FULL, "vm_munmap return", false, Mode.FEXIT, Mode.KRETPROBE),
    FREE_IOCTX_USERS(Tier.FULL, "free_ioctx_users", false, Mode.FENTRY, Mode.KPROBE),
    FREE_IOCTX_USERS_RETURN(Tier.FULL, "free_ioctx_users return", false, Mode.FEXIT, Mode.KRETPROBE),
    FREE_IOCTX_REQS(Tier.FULL, "free_ioctx_reqs", true, Mode.FENTRY, Mode.KPROBE),
    FREE_IOCTX(Tier.FULL, "free_ioctx", false, Mode.FENTRY, Mode.KPROBE),

    /** The lookup of a context by its handle, in each call that takes one. */
    LOOKUP_IOCTX(Tier.FULL, "lookup_ioctx", true, Mode.FENTRY, Mode.KPROBE),
    LOOKUP_IOCTX_RETURN(Tier.FULL, "lookup_ioctx return", true, Mode.FEXIT, Mode.KRETPROBE),

    /** The completion of each request. */
    AIO_COMPLETE(Tier.FULL, "aio_complete", false, Mode.FENTRY, Mode.KPROBE),
    /** The completion of reads and writes if the compiler inlined aio_complete. */
    AIO_COMPLETE_RW(Tier.FULL, "aio_complete_rw", false, Mode.FENTRY, Mode.KPROBE),
    /** Where workers that complete all other requests release the files. */
    FPUT(Tier.FULL, "fput", false, Mode.FENTRY, Mode.KPROBE),

    SYS_ENTER_IO_SETUP(Tier.SYSCALL, "sys_enter_io_setup", true, Mode.TRACEPOINT),
    SYS_EXIT_IO_SETUP(Tier.SYSCALL, "sys_exit_io_setup", true, Mode.TRACEPOINT),
    SYS_ENTER_IO_DESTROY(Tier.SYSCALL, "sys_enter_io_destroy", true, Mode.TRACEPOINT),
    SYS_EXIT_IO_DESTROY(Tier.SYSCALL, "sys_exit_io_destroy", true, Mode.TRACEPOINT),

    SYS_ENTER_IO_SUBMIT(Tier.SYSCALL, "sys_enter_io_submit", true, Mode.TRACEPOINT),
    SYS_EXIT_IO_SUBMIT(Tier.SYSCALL, "sys_exit_io_submit", true, Mode.TRACEPOINT),
    SYS_ENTER_IO_GETEVENTS(Tier.SYSCALL, "sys_enter_io_getevents", true, Mode.TRACEPOINT),
    SYS_EXIT_IO_GETEVENTS(Tier.SYSCALL, "sys_exit_io_getevents", true, Mode.TRACEPOINT),
    SYS_ENTER_IO_PGETEVENTS(Tier.SYSCALL, "sys_enter_io_pgetevents", true, Mode.TRACEPOINT),
    SYS_EXIT_IO_PGETEVENTS(Tier.SYSCALL, "sys_exit_io_pgetevents", true, Mode.TRACEPOINT),
    SYS_ENTER_IO_CANCEL(Tier.SYSCALL, "sys_enter_io_cancel", true, Mode.TRACEPOINT),
    SYS_EXIT_IO_CANCEL(Tier.SYSCALL, "sys_exit_io_cancel", true, Mode.TRACEPOINT),

    CONTEXTS(Tier.SAMPLE, "contexts of all tasks", true, Mode.ITERATOR),
    TEARDOWNS(Tier.SAMPLE, "tasks in a teardown", false, Mode.ITERATOR),
    FOLLOWED(Tier.SAMPLE, "contexts in a teardown", false, Mode.ITERATOR),
    PROCESSES(Tier.SAMPLE, "processes with contexts", false, Mode.ITERATOR);

    private final Tier tier;
    private final String label;
    private final boolean essential;

    @SuppressWarnings("ImmutableEnumChecker") // never written to, and handed out as a list
    private final Mode[] modes;

    AttachTarget(Tier tier, String label, boolean essential, Mode... modes) {
        this.tier = tier;
        this.label = label;
        this.essential = essential;
        this.modes = modes;
    }

    /** The name in output. */
    String label() {
        return label;
    }

    /** Whether this tier needs it. The tier full observes each context by itself and needs no scan. */
    boolean isEssential(Tier used) {
        return essential && (this != CONTEXTS || used != Tier.FULL);
    }

    /** Modes to try, best first. */
    List<Mode> modes() {
        return List.of(modes);
    }

    /** Whether it is loaded with the others but attached only while needed, as it is on the path of requests. */
    boolean isOnDemand() {
        return this == AIO_COMPLETE || replaces() == AIO_COMPLETE;
    }

    /** The target that this one replaces once that has no mode; null if it replaces none. */
    @Nullable AttachTarget replaces() {
        return this == AIO_COMPLETE_RW || this == FPUT ? AIO_COMPLETE : null;
    }

    /** Whether this tier uses it; each tier also scans the tasks. */
    boolean isUsedBy(Tier used) {
        return tier == used || tier == Tier.SAMPLE;
    }

    /** Whether it serves only to watch destroyed handles: each io_submit and io_getevents passes it. */
    boolean isOnPathOfIo() {
        return switch (this) {
            case LOOKUP_IOCTX, LOOKUP_IOCTX_RETURN -> true;
            case SYS_ENTER_IO_SUBMIT, SYS_ENTER_IO_GETEVENTS, SYS_ENTER_IO_PGETEVENTS, SYS_ENTER_IO_CANCEL -> true;
            case SYS_EXIT_IO_SUBMIT, SYS_EXIT_IO_GETEVENTS, SYS_EXIT_IO_PGETEVENTS, SYS_EXIT_IO_CANCEL -> true;
            default -> false;
        };
    }

    /** The function without its prefix, or the name of the tracepoint. */
    public String function() {
        return label.replace(" return", "");
    }

    /** The function's symbol in the kernel; for an iterator its function in BTF. */
    public String symbol() {
        return switch (this) {
            case IO_SETUP, IO_SETUP_RETURN, IO_DESTROY, IO_DESTROY_RETURN ->
                Host.architecture().equals("x86_64") ? "__x64_sys_" + function() : "__arm64_sys_" + function();
            case CONTEXTS, TEARDOWNS, PROCESSES -> "bpf_iter_task";
            case FOLLOWED -> "bpf_iter_bpf_map_elem";
            default -> function();
        };
    }

    /** The map whose elements an iterator walks; null for tasks and for other modes. */
    public @Nullable String walkedMap() {
        return this == FOLLOWED ? "followed" : null;
    }

    /** The program for this mode. */
    public String program(Mode mode) {
        return switch (this) {
            case CONTEXTS -> "iter_contexts";
            case TEARDOWNS -> "iter_teardowns";
            case FOLLOWED -> "iter_followed";
            case PROCESSES -> "iter_processes";
            case SYS_ENTER_IO_SETUP -> "tracepoint_enter_io_setup";
            case SYS_EXIT_IO_SETUP -> "tracepoint_exit_io_setup";
            case SYS_ENTER_IO_DESTROY -> "tracepoint_enter_io_destroy";
            case SYS_EXIT_IO_DESTROY -> "tracepoint_exit_io_destroy";
            case SYS_ENTER_IO_SUBMIT, SYS_ENTER_IO_GETEVENTS, SYS_ENTER_IO_PGETEVENTS, SYS_ENTER_IO_CANCEL ->
                "tracepoint_enter_use";
            case SYS_EXIT_IO_SUBMIT, SYS_EXIT_IO_GETEVENTS, SYS_EXIT_IO_PGETEVENTS, SYS_EXIT_IO_CANCEL ->
                "tracepoint_exit_use";
            default -> mode.label() + "_" + function();
        };
    }
}
