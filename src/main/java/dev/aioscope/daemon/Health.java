package dev.aioscope.daemon;

import dev.aioscope.inventory.Scan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Whether the agent lives, and whether what it shows is true of now. */
public final class Health {
    /** The duty cycle tells every few seconds that it goes on; a busy host may keep it from the processor for a while. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** A look may take a moment, and the next one may find more. */
    private static final int LOOKS = 3;

    private final LongSupplier bootTime;
    private final LongSupplier silence;
    private final Supplier<@Nullable Scan> view;
    private final Supplier<Duration> interval;
    private final Supplier<List<String>> complaints;
    private final Supplier<List<String>> remarks;

    /**
     * Judges by what the watch tells.
     *
     * @param bootTime now, CLOCK_BOOTTIME ns
     * @param silence how long ago the duty cycle was last known to go on, ns; 0 before its start
     * @param view of the latest look
     * @param interval between two looks
     * @param complaints what else speaks against relying on it now
     * @param remarks what does not work, without making what is shown less true
     */
    public Health(
            LongSupplier bootTime,
            LongSupplier silence,
            Supplier<@Nullable Scan> view,
            Supplier<Duration> interval,
            Supplier<List<String>> complaints,
            Supplier<List<String>> remarks) {
        this.bootTime = bootTime;
        this.silence = silence;
        this.view = view;
        this.interval = interval;
        this.complaints = complaints;
        this.remarks = remarks;
    }

    /** Why it should be started anew; empty if it lives. */
    public Optional<String> illness() {
        long silent = silence.getAsLong();
        return silent > PATIENCE.toNanos()
                ? Optional.of("the thread that reads the events has not come back for " + silent / 1_000_000_000 + " s")
                : Optional.empty();
    }

    /** Why what it shows is not to be relied on; empty if it is. */
    public List<String> reasonsAgainst() {
        List<String> reasons = new ArrayList<>();
        illness().ifPresent(reasons::add);
        Scan latest = view.get();
        if (latest == null) {
            reasons.add("no look at the host's tasks has succeeded yet");
        } else if (bootTime.getAsLong() - latest.time() > looksWithin()) {
            reasons.add("the latest look at the host's tasks is "
                    + (bootTime.getAsLong() - latest.time()) / 1_000_000_000 + " s old");
        }
        reasons.addAll(complaints.get());
        return reasons;
    }

    /** What an operator should mend, though what it shows can be relied on; empty if there is nothing. */
    public List<String> remarks() {
        return remarks.get();
    }

    private long looksWithin() {
        return interval.get().multipliedBy(LOOKS).plus(PATIENCE).toNanos();
    }
}
