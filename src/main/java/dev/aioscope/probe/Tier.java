package dev.aioscope.probe;

/** What a host lets us see, best first. */
public enum Tier {
    /** Probes on the functions of the kernel: every phase of every teardown. */
    FULL,
    /** Tracepoints of io_setup and io_destroy: no phases, and exits only as contexts that vanished. */
    SYSCALL,
    /** Looks at the tasks at an interval: live contexts, and teardowns that are in progress. */
    SAMPLE,
    /** The same looks without BPF, at /proc: no charges, no requests outstanding. */
    PROC;

    /** The name in commands, settings and metrics. */
    public String label() {
        return switch (this) {
            case FULL -> "full";
            case SYSCALL -> "syscall";
            case SAMPLE -> "sample";
            case PROC -> "proc";
        };
    }

    /** Whether it sees nothing but what lasts from one look to the next. */
    public boolean isScanOnly() {
        return this == SAMPLE || this == PROC;
    }
}
