package dev.aioscope.daemon;

import dev.aioscope.agent.TaskFilter;
import dev.aioscope.http.HttpSettings;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.telemetry.SamplingPolicy;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What the daemon does. A reload changes {@code sampling}, {@code scanInterval}, {@code filter} and {@code http}.
 *
 * @param sampling which teardowns become traces
 * @param scanInterval between two scans of the host's tasks
 * @param stuckAfter age at which a teardown counts as stuck
 * @param lateCompletionPause between two episodes with a probe on every request
 * @param allowSyscallTier whether to use the tier {@code syscall} where {@code full} is unavailable
 * @param hideArguments whether to keep only the program of each command line
 * @param exportArguments whether traces and log records contain command lines
 * @param stacks whether to record where programs call io_setup and io_destroy
 * @param filter whose contexts to report
 * @param http how to serve HTTP
 * @param holderSeries which holders of the quota have metric series
 * @param recorder what the flight recorder keeps
 * @param capacity how much the daemon keeps at most
 */
public record DaemonOptions(
        SamplingPolicy sampling,
        Duration scanInterval,
        Duration stuckAfter,
        Duration lateCompletionPause,
        boolean allowSyscallTier,
        boolean hideArguments,
        boolean exportArguments,
        boolean stacks,
        TaskFilter filter,
        HttpSettings http,
        HolderSeries holderSeries,
        RecorderSettings recorder,
        Capacity capacity) {
    /**
     * Which holders of the quota have metric series.
     *
     * @param count the number of holders with a separate series, the largest first
     * @param byPid whether each process is a holder
     */
    public record HolderSeries(int count, boolean byPid) {}

    /**
     * What the flight recorder keeps.
     *
     * @param bytes size of the ring of files; 0 for no recorder
     * @param directory of the files
     */
    public record RecorderSettings(long bytes, Path directory) {}

    /**
     * How much the daemon keeps at most.
     *
     * @param ringBytes size of the ring buffer between kernel and agent
     * @param callsInProgress calls that the probes can follow at once
     * @param tables entries of the correlation's tables
     * @param queuedEvents events queued for trace export
     * @param identities processes whose identity is remembered
     */
    public record Capacity(int ringBytes, int callsInProgress, Limits tables, int queuedEvents, int identities) {}
}
