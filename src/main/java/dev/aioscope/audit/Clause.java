package dev.aioscope.audit;

import dev.aioscope.probe.Tier;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel's specification of io_destroy says, clause by clause, in our words, and after that what it does not
 * say and operators want to know ({@link Kind#FINDING}). All that is said about a clause anywhere is said here.
 */
public enum Clause {
    P1(
            Kind.PARAMETER,
            "The handle is one that io_setup gave this process and that was not destroyed yet; 0 is none",
            "argument and result of each io_destroy",
            Tier.SYSCALL,
            null),
    R1(
            Kind.RETURN,
            "It returns 0 once the handle is invalid and every outstanding request has completed",
            "free_ioctx_reqs, which runs when no request is left, against the return of io_destroy",
            Tier.FULL,
            null),
    R2(
            Kind.RETURN,
            "All resources have been released by then",
            "free_ioctx against the return of io_destroy",
            Tier.FULL,
            "on every kernel the memory goes one RCU grace period later, when the caller has gone on"),
    E1(Kind.ERROR, "EINVAL for a handle that io_setup never gave", "result by cause", Tier.SYSCALL, null),
    E2(Kind.ERROR, "EINVAL for a handle of another process", "result by cause", Tier.SYSCALL, null),
    E3(Kind.ERROR, "EINVAL for a handle that was destroyed before", "result by cause", Tier.SYSCALL, null),
    E4(Kind.ERROR, "EINVAL for 0 or any other number", "result by cause", Tier.SYSCALL, null),
    E5(Kind.ERROR, "EINVAL if the id in the ring is damaged", "result by cause", Tier.SYSCALL, null),
    E6(
            Kind.ERROR,
            "EFAULT, which its manual page mentions, is never returned",
            "every result that is an error",
            Tier.SYSCALL,
            null),
    E7(
            Kind.ERROR,
            "ENOSYS without CONFIG_AIO",
            "result",
            null,
            "a kernel on which probes find AIO has CONFIG_AIO: no call gets ENOSYS from it"),
    L1(
            Kind.LOCK,
            "mm->ioctx_lock is held briefly to mark the context dead and to clear its slot",
            "lock events",
            null,
            "only the kernel's events for every contended lock tell, which cost the whole host"),
    L2(
            Kind.LOCK,
            "The RCU read lock is held while the context is looked up",
            "nothing",
            null,
            "the kernel leaves no trace of it"),
    L3(
            Kind.LOCK,
            "ctx->ctx_lock is held while requests are cancelled",
            "the list of cancellable requests at entry and return of free_ioctx_users, which holds the lock",
            Tier.FULL,
            null),
    L4(
            Kind.LOCK,
            "mmap_lock is held for writing in vm_munmap, and may have to be waited for",
            "vm_munmap inside kill_ioctx, and how long it took",
            Tier.FULL,
            null),
    S1(
            Kind.EFFECT,
            "ctx->dead goes from 0 to 1 once; a later io_destroy gets EINVAL",
            "ctx->dead at the return of kill_ioctx; two kill_ioctx that end one context",
            Tier.FULL,
            null),
    S2(Kind.EFFECT, "The context leaves mm->ioctx_table", "its slot at the return of kill_ioctx", Tier.FULL, null),
    S3(
            Kind.EFFECT,
            "fs.aio-nr falls by what io_setup was asked for",
            "fs.aio-nr at entry and return of kill_ioctx, when nothing else changes it",
            Tier.FULL,
            null),
    S4(
            Kind.EFFECT,
            "vm_munmap unmaps the ring",
            "its result inside kill_ioctx, and what stood at the ring's place before",
            Tier.FULL,
            "on every kernel the result is ignored, so that a pending SIGKILL leaves the ring mapped, and whatever"
                    + " the program has put in place of the ring is unmapped"),
    S5(
            Kind.EFFECT,
            "The struct kioctx is freed, later, through RCU and a work queue",
            "free_ioctx after free_ioctx_reqs",
            Tier.FULL,
            null),
    S6(
            Kind.EFFECT,
            "Outstanding requests are cancelled: reads, writes, fsyncs and polls",
            "cancellable requests at entry and return of free_ioctx_users, against all that are left",
            Tier.FULL,
            "on every kernel only polls (and requests of USB gadgets) can be cancelled: reads, writes and fsyncs are"
                    + " waited for"),
    T1(Kind.TRANSITION, "The context goes from alive to dead in kill_ioctx", "as S1", Tier.FULL, null),
    T2(
            Kind.TRANSITION,
            "The process loses the context",
            "as S2, and what the table has when a call fails",
            Tier.FULL,
            null),
    T3(Kind.TRANSITION, "fs.aio-nr makes room for others", "as S3", Tier.FULL, null),
    C1(Kind.CONSTRAINT, "CONFIG_AIO is needed, and enough", "contexts that are set up; ENOSYS", Tier.SYSCALL, null),
    C2(Kind.CONSTRAINT, "The context belongs to the caller's address space", "as E2", Tier.SYSCALL, null),
    N1(
            Kind.NOTE,
            "The wait is uninterruptible: no signal ends it",
            "a SIGKILL that is pending at the return, which must come after free_ioctx_reqs",
            Tier.FULL,
            null),
    N2(
            Kind.NOTE,
            "It blocks until the requests in flight have completed (lost in 3.11, restored since)",
            "destroys with requests left after the grace period",
            Tier.FULL,
            null),
    N3(
            Kind.NOTE,
            "Of two io_destroy at the same time one succeeds, the other gets EINVAL",
            "both calls on one context",
            Tier.FULL,
            null),
    N4(
            Kind.NOTE,
            "After success the handle must not be given to any other io_ call",
            "result of other io_ calls that are given a destroyed handle: EINVAL",
            Tier.SYSCALL,
            null),
    N5(
            Kind.NOTE,
            "Races with io_submit and io_setup are resolved",
            "requests taken on a dead context",
            null,
            "it needs a probe on each io_submit, which costs the I/O path"),
    N6(
            Kind.NOTE,
            "io_uring is the modern alternative; libaio returns negative errors directly",
            "nothing",
            null,
            "it is advice"),

    F1(
            Kind.FINDING,
            "A program was held for requests that nothing can cancel",
            "requests left that have no ki_cancel, and how long they were waited for",
            Tier.FULL,
            null),
    F2(
            Kind.FINDING,
            "io_destroy waited before it had found the context: for mmap_lock, to read the ring's id",
            "entry of io_destroy to entry of kill_ioctx, 10 ms or more",
            Tier.FULL,
            null),
    F3(Kind.FINDING, "A ring was left mapped, since vm_munmap failed", "its result inside kill_ioctx", Tier.FULL, null),
    F4(
            Kind.FINDING,
            "Memory that a program had put in place of the ring was unmapped",
            "what stood at the ring's place before vm_munmap",
            Tier.FULL,
            null),
    F5(
            Kind.FINDING,
            "The memory of a context stayed for seconds after its last request",
            "free_ioctx_reqs to free_ioctx, 2 s or more",
            Tier.FULL,
            null),
    F6(
            Kind.FINDING,
            "A caller went on waiting though no request was left: as if its wake-up was lost",
            "free_ioctx_reqs to the return of io_destroy, 1 s or more",
            Tier.FULL,
            null),
    F7(
            Kind.FINDING,
            "Requests completed after io_destroy had returned 0",
            "free_ioctx_reqs after the return, with requests left before it",
            Tier.FULL,
            null),
    F8(
            Kind.FINDING,
            "An io_destroy got EINVAL while the one that won still waited for requests: their buffers are in use",
            "the failed call against the teardown",
            Tier.SYSCALL,
            null);

    /** What a clause is about. */
    public enum Kind {
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

    private final Kind kind;
    private final String text;
    private final String observed;
    private final @Nullable Tier tier;
    private final @Nullable String remark;

    Clause(Kind kind, String text, String observed, @Nullable Tier tier, @Nullable String remark) {
        this.kind = kind;
        this.text = text;
        this.observed = observed;
        this.tier = tier;
        this.remark = remark;
    }

    /** What it is about. */
    public Kind kind() {
        return kind;
    }

    /** What it says, a sentence without its full stop. */
    public String text() {
        return text;
    }

    /** What it is judged by. */
    public String observed() {
        return observed;
    }

    /** How the kernels are known to do otherwise, and which; null if they are not. */
    public @Nullable String difference() {
        return tier == null ? null : remark;
    }

    /**
     * Why nothing of it can be observed; null if it can.
     *
     * @param given the tier that watches
     * @param watchesHandles whether calls with destroyed handles are watched
     */
    public @Nullable String hiddenIn(Tier given, boolean watchesHandles) {
        if (tier == null) {
            return remark;
        }
        if (this == N4 && !watchesHandles) {
            return "only with audit --watch-handles, which costs the I/O path";
        }
        if (given.compareTo(tier) <= 0) {
            return null;
        }
        return tier == Tier.FULL
                ? "needs the tier full, with probes on the functions of the kernel; this is " + given.label()
                : "needs a tier that sees calls, full or syscall; this is " + given.label();
    }
}
