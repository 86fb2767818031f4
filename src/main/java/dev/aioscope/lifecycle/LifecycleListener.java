package dev.aioscope.lifecycle;

/** Receives reports about contexts, on the thread that reads the events. Implementations must not block. */
public interface LifecycleListener {
    /** An io_setup created a context. */
    default void onSetup(Context context) {}

    /** A scan found a context without a known setup, usually one that is older than the agent. */
    default void onFound(Context context) {}

    /** A teardown is over, or its end is unknown. */
    default void onTeardown(Teardown teardown) {}

    /**
     * A teardown in progress has lasted longer than the limit.
     *
     * @param now time of this report, CLOCK_BOOTTIME ns
     */
    default void onStuck(TeardownInProgress teardown, long now) {}

    /**
     * A teardown that was reported as stuck is still in progress. Repeated after growing pauses.
     *
     * @param now time of this report, CLOCK_BOOTTIME ns
     */
    default void onStillStuck(TeardownInProgress teardown, long now) {}

    /**
     * The caller of an exit that was reported as stuck after its end ({@link TeardownInProgress#isReported}) does not wait
     * any more. When that ended was not observed.
     */
    default void onWoken(TeardownInProgress teardown) {}

    /** A request of a stuck teardown completed. */
    default void onStraggler(Straggler straggler) {}

    /** A new stack was recorded. Its symbols are available while its process lives. */
    default void onStack(UserStack stack) {}

    /** An io_setup or io_destroy returned an error. */
    default void onFailedCall(FailedCall call) {}

    /** An io_setup repeats a refusal that has no outcome yet. */
    default void onRetry(FailedCall call) {}

    /** Another call got a destroyed handle; only if the probes check such handles. */
    default void onHandleUse(HandleUse use) {}

    /** A refusal has an outcome. A lasting refusal gets a second one when it is over or abandoned. */
    default void onRefusalOutcome(RefusalOutcome outcome) {}
}
