package dev.aioscope.audit;

import dev.aioscope.probe.Tier;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The clauses of the kernel's specification of io_destroy, in our words, and findings beyond it that operators need
 * ({@link ClauseKind#FINDING}). All texts about clauses are here.
 */
public enum Clause {
    P1(
            ClauseKind.PARAMETER,
            "The handle is one that io_setup returned to this process and io_destroy has not"
                    + " destroyed; 0 is never valid",
            "argument and result of each io_destroy",
            Tier.SYSCALL,
            null),
    R1(
            ClauseKind.RETURN,
            "It returns 0 once the handle is invalid and every outstanding request has completed",
            "free_ioctx_reqs, which runs when no request is outstanding, before the return of io_destroy",
            Tier.FULL,
            null),
    R2(
            ClauseKind.RETURN,
            "All resources are released by then",
            "free_ioctx before the return of io_destroy",
            Tier.FULL,
            "every kernel frees the memory an RCU grace period later, after the caller has returned"),
    E1(ClauseKind.ERROR, "EINVAL for a handle that io_setup never returned", "result by cause", Tier.SYSCALL, null),
    E2(ClauseKind.ERROR, "EINVAL for a handle of another process", "result by cause", Tier.SYSCALL, null),
    E3(ClauseKind.ERROR, "EINVAL for a handle that was destroyed before", "result by cause", Tier.SYSCALL, null),
    E4(ClauseKind.ERROR, "EINVAL for 0 or any other number", "result by cause", Tier.SYSCALL, null),
    E5(ClauseKind.ERROR, "EINVAL if the id in the ring is damaged", "result by cause", Tier.SYSCALL, null),
    E6(
            ClauseKind.ERROR,
            "It never returns EFAULT, which its manual page mentions",
            "every error that it returns",
            Tier.SYSCALL,
            null),
    E7(
            ClauseKind.ERROR,
            "ENOSYS without CONFIG_AIO",
            "result",
            null,
            "probes attach only to a kernel with CONFIG_AIO, which never returns ENOSYS"),
    L1(
            ClauseKind.LOCK,
            "mm->ioctx_lock is held briefly to mark the context dead and to clear its slot",
            "lock events",
            null,
            "requires the kernel's events for every contended lock, which slow down the whole host"),
    L2(
            ClauseKind.LOCK,
            "The RCU read lock is held while the context is looked up",
            "nothing",
            null,
            "the kernel has no event for it"),
    L3(
            ClauseKind.LOCK,
            "ctx->ctx_lock is held while requests are cancelled",
            "the list of cancellable requests at entry and return of free_ioctx_users, which holds the lock",
            Tier.FULL,
            null),
    L4(
            ClauseKind.LOCK,
            "vm_munmap holds mmap_lock for writing and may wait for it",
            "vm_munmap inside kill_ioctx, and its duration",
            Tier.FULL,
            null),
    S1(
            ClauseKind.EFFECT,
            "ctx->dead goes from 0 to 1 once; a later io_destroy gets EINVAL",
            "ctx->dead at the return of kill_ioctx; no two kill_ioctx end one context",
            Tier.FULL,
            null),
    S2(
            ClauseKind.EFFECT,
            "The context leaves mm->ioctx_table",
            "its slot at the return of kill_ioctx",
            Tier.FULL,
            null),
    S3(
            ClauseKind.EFFECT,
            "fs.aio-nr falls by the argument of io_setup",
            "fs.aio-nr at entry and return of kill_ioctx, if nothing else changes it",
            Tier.FULL,
            null),
    S4(
            ClauseKind.EFFECT,
            "vm_munmap unmaps the ring",
            "its result inside kill_ioctx, and the mapping at the ring's address before",
            Tier.FULL,
            "every kernel ignores the result, so a pending SIGKILL leaves the ring mapped; and it"
                    + " unmaps whatever the program has mapped over the ring"),
    S5(
            ClauseKind.EFFECT,
            "RCU and a work queue free the struct kioctx later",
            "free_ioctx after free_ioctx_reqs",
            Tier.FULL,
            null),
    S6(
            ClauseKind.EFFECT,
            "Outstanding requests are cancelled: reads, writes, fsyncs and polls",
            "cancellable requests at entry and return of free_ioctx_users, and all outstanding requests",
            Tier.FULL,
            "every kernel can cancel only polls and requests of USB gadgets; io_destroy waits for"
                    + " reads, writes and fsyncs"),
    T1(ClauseKind.TRANSITION, "The context goes from alive to dead in kill_ioctx", "as S1", Tier.FULL, null),
    T2(
            ClauseKind.TRANSITION,
            "The process loses the context",
            "as S2, and the table when a call fails",
            Tier.FULL,
            null),
    T3(ClauseKind.TRANSITION, "fs.aio-nr has room for others", "as S3", Tier.FULL, null),
    C1(
            ClauseKind.CONSTRAINT,
            "CONFIG_AIO is required and sufficient",
            "every setup of a context; ENOSYS",
            Tier.SYSCALL,
            null),
    C2(ClauseKind.CONSTRAINT, "The context belongs to the caller's address space", "as E2", Tier.SYSCALL, null),
    N1(
            ClauseKind.NOTE,
            "The wait is uninterruptible: no signal ends it",
            "a SIGKILL pending at the return, which must come after free_ioctx_reqs",
            Tier.FULL,
            null),
    N2(
            ClauseKind.NOTE,
            "It blocks until the requests in flight have completed (not in 3.11, fixed since)",
            "destroys with outstanding requests after the grace period",
            Tier.FULL,
            null),
    N3(
            ClauseKind.NOTE,
            "Of two concurrent io_destroy one succeeds, the other gets EINVAL",
            "both calls on one context",
            Tier.FULL,
            null),
    N4(
            ClauseKind.NOTE,
            "After success no other io_ call may use the handle",
            "EINVAL from every other io_ call with a destroyed handle",
            Tier.SYSCALL,
            null),
    N5(
            ClauseKind.NOTE,
            "Races with io_submit and io_setup are resolved",
            "requests accepted on a dead context",
            null,
            "requires a probe on each io_submit, which slows down I/O"),
    N6(
            ClauseKind.NOTE,
            "io_uring is the modern alternative; libaio returns negative errors directly",
            "nothing",
            null,
            "advice"),

    F1(
            ClauseKind.FINDING,
            "A program waited for requests that cannot be cancelled",
            "outstanding requests without ki_cancel, and the wait for them",
            Tier.FULL,
            null),
    F2(
            ClauseKind.FINDING,
            "io_destroy waited for mmap_lock before it could read the ring's id and find the context",
            "entry of io_destroy to entry of kill_ioctx, 10 ms or more",
            Tier.FULL,
            null),
    F3(
            ClauseKind.FINDING,
            "A ring stayed mapped because vm_munmap failed",
            "its result inside kill_ioctx",
            Tier.FULL,
            null),
    F4(
            ClauseKind.FINDING,
            "The kernel unmapped memory that a program had mapped over the ring",
            "the mapping at the ring's address before vm_munmap",
            Tier.FULL,
            null),
    F5(
            ClauseKind.FINDING,
            "The kernel freed a context seconds after its last request",
            "free_ioctx_reqs to free_ioctx, 2 s or more",
            Tier.FULL,
            null),
    F6(
            ClauseKind.FINDING,
            "A caller waited although no request was outstanding, as after a lost wake-up",
            "free_ioctx_reqs to the return of io_destroy, 1 s or more",
            Tier.FULL,
            null),
    F7(
            ClauseKind.FINDING,
            "Requests completed after io_destroy had returned 0",
            "free_ioctx_reqs after the return, with outstanding requests before it",
            Tier.FULL,
            null),
    F8(
            ClauseKind.FINDING,
            "An io_destroy got EINVAL while another one still waited for requests, whose buffers are" + " in use",
            "the failed call during the teardown",
            Tier.SYSCALL,
            null);

    /** The subject of a clause. */
    public enum ClauseKind {
        PARAMETER,
        RETURN,
        ERROR,
        LOCK,
        EFFECT,
        TRANSITION,
        CONSTRAINT,
        NOTE,
        /** Beyond the specification. */
        FINDING;

        /** The name in JSON. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final ClauseKind kind;
    private final String text;
    private final String observed;
    private final @Nullable Tier tier;
    private final @Nullable String remark;

    Clause(ClauseKind kind, String text, String observed, @Nullable Tier tier, @Nullable String remark) {
        this.kind = kind;
        this.text = text;
        this.observed = observed;
        this.tier = tier;
        this.remark = remark;
    }

    /** The subject. */
    public ClauseKind kind() {
        return kind;
    }

    /** The requirement, a sentence without its full stop. */
    public String text() {
        return text;
    }

    /** What the audit observes. */
    public String observed() {
        return observed;
    }

    /** How kernels are known to deviate; null if they are not. */
    public @Nullable String difference() {
        return tier == null ? null : remark;
    }

    /**
     * Why the clause is not observable; null if it is.
     *
     * @param given the tier of the probes
     * @param watchesHandles whether the probes check calls for destroyed handles
     */
    public @Nullable String hiddenIn(Tier given, boolean watchesHandles) {
        if (tier == null) {
            return remark;
        }
        if (this == N4 && !watchesHandles) {
            return "requires audit --watch-handles, which slows down I/O";
        }
        if (given.compareTo(tier) <= 0) {
            return null;
        }
        return tier == Tier.FULL
                ? "requires the tier full, with probes on kernel functions; this is " + given.label()
                : "requires a tier with probes on calls, full or syscall; this is " + given.label();
    }
}
