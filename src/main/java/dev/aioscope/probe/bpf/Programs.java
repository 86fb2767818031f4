package dev.aioscope.probe.bpf;

import dev.aioscope.probe.AttachPoint.Mode;
import org.jspecify.annotations.Nullable;

/** The programs of one engine, on their way into the kernel. What was attached goes with {@link #close}. */
public interface Programs extends AutoCloseable {
    /**
     * Loads the programs of the plan.
     *
     * @return null, or what failed; then they can only be closed
     */
    @Nullable LoadFailure load(AttachPlan plan);

    /**
     * Attaches the program of this site.
     *
     * @return null, or the kernel's answer
     */
    @Nullable String attach(AttachTarget target, Mode mode);

    /** Detaches it again; it can be attached anew. */
    void detach(AttachTarget target);

    /** Whether this site is attached. */
    boolean isAttached(AttachTarget target);

    /** The file descriptor of a new run of this iterator; the caller closes it. Negative: errno tells. */
    int newIteration(AttachTarget target);

    /** The file descriptor of the map that has this name in the probe source. */
    int map(String name);

    /** How often the kernel has skipped an attached program; null where it does not count that. */
    @Nullable Long missed();

    @Override
    void close();
}
