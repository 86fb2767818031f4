package dev.aioscope.daemon;

import dev.aioscope.inventory.Scan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Whether the agent works, and whether what it shows is current and complete. */
public final class Health {
    /** A busy host may keep the agent from the processor for a while. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** A scan may take a moment, and the next one may find more. */
    private static final int MISSED_SCANS = 3;

    private final LongSupplier bootTime;
    private final Supplier<List<String>> faults;
    private final Supplier<@Nullable Scan> latestScan;
    private final Supplier<Duration> scanInterval;
    private final Supplier<List<String>> complaints;
    private final Supplier<List<String>> remarks;

    /**
     * Judges by these sources.
     *
     * @param bootTime now, CLOCK_BOOTTIME ns
     * @param faults why workers have failed
     * @param latestScan null before the first
     * @param scanInterval between two scans
     * @param complaints why what the agent shows is incomplete now
     * @param remarks what does not work, although what the agent shows is complete
     */
    public Health(
            LongSupplier bootTime,
            Supplier<List<String>> faults,
            Supplier<@Nullable Scan> latestScan,
            Supplier<Duration> scanInterval,
            Supplier<List<String>> complaints,
            Supplier<List<String>> remarks) {
        this.bootTime = bootTime;
        this.faults = faults;
        this.latestScan = latestScan;
        this.scanInterval = scanInterval;
        this.complaints = complaints;
        this.remarks = remarks;
    }

    /** Why the agent needs a restart; empty if it works. */
    public List<String> faults() {
        return faults.get();
    }

    /** Why what the agent shows is not reliable; empty if it is. */
    public List<String> reasonsAgainst() {
        List<String> reasons = new ArrayList<>(faults());
        Scan latest = latestScan.get();
        if (latest == null) {
            reasons.add("no scan of the host's tasks has succeeded yet");
        } else if (bootTime.getAsLong() - latest.time() > oldestAllowed()) {
            reasons.add("the latest scan of the host's tasks is "
                    + (bootTime.getAsLong() - latest.time()) / 1_000_000_000 + " s old");
        }
        reasons.addAll(complaints.get());
        return reasons;
    }

    /** What an operator should fix although what the agent shows is reliable; empty if there is nothing. */
    public List<String> remarks() {
        return remarks.get();
    }

    private long oldestAllowed() {
        return scanInterval.get().multipliedBy(MISSED_SCANS).plus(PATIENCE).toNanos();
    }
}
