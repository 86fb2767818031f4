package dev.aioscope.probe;

/** What aioscope can observe on a host, best first. */
public enum Tier {
    /** Probes on the functions of the kernel: every phase of every teardown. */
    FULL,
    /** Tracepoints of io_setup and io_destroy: no phases, and exits only as contexts that disappear. */
    SYSCALL,
    /** Scans of the tasks at an interval: live contexts and teardowns in progress. */
    SAMPLE,
    /** The same scans without BPF, through /proc: no charges, no outstanding requests. */
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

    /** Whether it observes only what lasts from one scan to the next. */
    public boolean isScanOnly() {
        return this == SAMPLE || this == PROC;
    }
}
