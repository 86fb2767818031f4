package dev.aioscope.output;

/** What ends a wait, in the words of {@code explain}. */
final class ReleaseText {
    static final String REQUESTS = "What releases it: the device or server completes or fails the requests.";
    static final String NOT_KILL = "What does not: kill -9 has no effect, and this wait has no timeout.";
    static final String CALL = "What releases it: that call returns";
    static final String MMAP_LOCK =
            "What releases it: the thread that holds the lock, usually in a page fault or in mmap.";
    static final String SIGKILL = "A SIGKILL is pending. The thread handles it only after this wait.";

    private ReleaseText() {}
}
