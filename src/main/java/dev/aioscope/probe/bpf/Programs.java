package dev.aioscope.probe.bpf;

import dev.aioscope.probe.AttachPoint.Mode;
import org.jspecify.annotations.Nullable;

/** The programs of one engine. {@link #close} detaches and unloads them. */
public interface Programs extends AutoCloseable {
    /**
     * Loads the programs of the plan.
     *
     * @return null, or the failure; after it only {@link #close} is valid
     */
    @Nullable LoadFailure load(AttachPlan plan);

    /**
     * Attaches the program of this target.
     *
     * @return null, or the reason for the failure
     */
    @Nullable String attach(AttachTarget target, Mode mode);

    /** Detaches the program; it can attach again. */
    void detach(AttachTarget target);

    /** Whether the program of this target is attached. */
    boolean isAttached(AttachTarget target);

    /** The file descriptor of a new run of this iterator, which the caller closes; negative on failure, with errno. */
    int newIteration(AttachTarget target);

    /** The file descriptor of the map with this name in the probe source. */
    int map(String name);

    /** How often the kernel skipped an attached program; null if it does not count that. */
    @Nullable Long missed();

    @Override
    void close();
}
