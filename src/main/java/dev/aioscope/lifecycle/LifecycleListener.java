package dev.aioscope.lifecycle;

/** Is told what happened to contexts, on the thread that reads the events: it must return at once and never block. */
public interface LifecycleListener {
    /** A context was set up while the agent watched. */
    default void onSetup(Context context) {}

    /** A look found a context for the first time whose set-up was not seen: mostly one that is older than the agent. */
    default void onFound(Context context) {}

    /** A teardown is over, or can no longer be followed. */
    default void onTeardown(Teardown teardown) {}

    /**
     * A teardown has lasted for so long that it is told of while it goes on.
     *
     * @param now when it was found so, CLOCK_BOOTTIME ns
     */
    default void onStuck(TeardownInProgress teardown, long now) {}

    /** A request completed for which a teardown was stuck. */
    default void onStraggler(Straggler straggler) {}

    /** A stack was seen for the first time: the names of its frames can be looked up while its process lives. */
    default void onStack(UserStack stack) {}

    /** An io_setup or io_destroy returned an error. */
    default void onFailedCall(FailedCall call) {}

    /** An io_setup was refused that repeats a refusal told before, of which no outcome was told yet. */
    default void onRetry(FailedCall call) {}

    /** A destroyed handle was given to another call; only told if such handles are watched. */
    default void onHandleUse(HandleUse use) {}

    /** It is known what became of a refusal. A lasting one can be told of a second time, when it is over. */
    default void onRefusalOutcome(RefusalOutcome outcome) {}
}
