package dev.aioscope.kernel;

/**
 * A process of the agent's pid namespace. Records of the kernel have the host's PID, which this namespace does not show;
 * there the start time identifies it.
 *
 * @param pid in this namespace
 * @param start CLOCK_BOOTTIME ns, in steps of 10 ms; negative if unknown
 */
public record LocalProcess(long pid, long start) {
    /** A process that exists and is not stuck: reading it could hang. */
    public static LocalProcess of(long pid) {
        return new LocalProcess(
                pid,
                TaskStat.read("/proc/" + pid + "/stat").map(TaskStat::start).orElse(-1L));
    }

    /** Whether a record with this PID of the host and this start is of this process. */
    public boolean is(int hostPid, long processStart, PidNamespace namespace) {
        return namespace.isHosts() ? pid == hostPid : start >= 0 && Math.abs(processStart - start) <= TaskStat.TICK;
    }
}
