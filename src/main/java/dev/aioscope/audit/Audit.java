package dev.aioscope.audit;

import dev.aioscope.audit.Observation.Outcome;
import dev.aioscope.audit.Verdict.State;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.HandleUse;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.probe.Tier;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Holds the running kernel against the clauses, from what is told of teardowns and calls. No clause holds without
 * having been seen to. Thread-safe.
 */
public final class Audit implements LifecycleListener {
    private final Tier tier;
    private final boolean watchesHandles;
    private final Map<Clause, Tally> tallies = new EnumMap<>(Clause.class);
    private final RecentKills recent = new RecentKills();

    /** What has been observed of a clause that can be observed. */
    private static final class Tally {
        private final Map<Outcome, Long> counts = new EnumMap<>(Outcome.class);
        private final Map<Outcome, Observation> latest = new EnumMap<>(Outcome.class);

        void add(Observation observation) {
            counts.merge(observation.outcome(), 1L, Long::sum);
            latest.put(observation.outcome(), observation);
        }

        long count(Outcome outcome) {
            return counts.getOrDefault(outcome, 0L);
        }

        @Nullable Observation latest(Outcome outcome) {
            return latest.get(outcome);
        }
    }

    /**
     * Begins with nothing seen.
     *
     * @param tier what watches
     * @param watchesHandles whether it is told of calls with destroyed handles
     */
    public Audit(Tier tier, boolean watchesHandles) {
        this.tier = tier;
        this.watchesHandles = watchesHandles;
        for (Clause clause : Clause.values()) {
            if (clause.hiddenIn(tier, watchesHandles) == null) {
                tallies.put(clause, new Tally());
            }
        }
    }

    /** What this teardown by itself breaks. */
    public static List<Observation> violations(Teardown teardown) {
        return Checks.of(teardown).stream()
                .filter(observation -> observation.outcome() == Outcome.BROKEN)
                .toList();
    }

    @Override
    public synchronized void onSetup(Context context) {
        if (context.setupTime() != null) {
            recent.changed(context.setupTime());
        }
        Checks.of(context).forEach(this::count);
    }

    @Override
    public synchronized void onTeardown(Teardown teardown) {
        Stream.concat(Checks.of(teardown).stream(), recent.observe(teardown).stream())
                .forEach(this::count);
    }

    @Override
    public synchronized void onFailedCall(FailedCall call) {
        if (call.call() == FailedCall.SystemCall.IO_SETUP) {
            recent.changed(call.returnTime());
        }
        Checks.of(call).forEach(this::count);
    }

    @Override
    public synchronized void onHandleUse(HandleUse use) {
        Checks.of(use).forEach(this::count);
    }

    private void count(Observation observation) {
        Tally tally = tallies.get(observation.clause());
        if (tally != null) {
            tally.add(observation);
        }
    }

    /** A verdict for each clause, in the order of the specification. */
    public synchronized List<Verdict> verdicts() {
        return Stream.of(Clause.values()).map(this::verdict).toList();
    }

    /** The verdict for one clause. */
    public synchronized Verdict verdict(Clause clause) {
        Tally tally = tallies.get(clause);
        if (tally == null) {
            return new Verdict(clause, State.NOT_OBSERVABLE, 0, 0, 0, null, clause.hiddenIn(tier, watchesHandles));
        }
        long kept = tally.count(Outcome.KEPT);
        long otherwise = tally.count(Outcome.OTHERWISE);
        long broken = tally.count(Outcome.BROKEN);
        Outcome decides = broken > 0 ? Outcome.BROKEN : otherwise > 0 ? Outcome.OTHERWISE : Outcome.KEPT;
        State state = switch (decides) {
            case BROKEN -> State.VIOLATED;
            case OTHERWISE -> clause.kind() == Clause.Kind.FINDING ? State.FOUND : State.DIFFERS;
            case KEPT -> kept > 0 ? State.HOLDS : State.NOT_OBSERVED;
        };
        return new Verdict(
                clause,
                state,
                kept,
                otherwise,
                broken,
                tally.latest(decides),
                state == State.DIFFERS ? clause.difference() : null);
    }
}
