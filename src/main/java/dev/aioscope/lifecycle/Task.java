package dev.aioscope.lifecycle;

/**
 * The thread that did something.
 *
 * @param pid the process (thread group)
 * @param tid the thread
 * @param comm the thread's name at that moment
 * @param cgroup id of its cgroup v2
 */
public record Task(int pid, int tid, String comm, long cgroup) {}
