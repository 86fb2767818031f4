package dev.aioscope.audit;

import dev.aioscope.audit.Observation.Conformance;
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
 * Checks the running kernel against the clauses, with the reports of teardowns and calls. A clause holds only if it was
 * observed. Thread-safe.
 */
public final class Audit implements LifecycleListener {
    private final Tier tier;
    private final boolean watchesHandles;
    private final Map<Clause, Tally> tallies = new EnumMap<>(Clause.class);
    private final RecentKills recent = new RecentKills();

    /** The observations of an observable clause. */
    private static final class Tally {
        private final Map<Conformance, Long> counts = new EnumMap<>(Conformance.class);
        private final Map<Conformance, Observation> latest = new EnumMap<>(Conformance.class);

        void add(Observation observation) {
            counts.merge(observation.conformance(), 1L, Long::sum);
            latest.put(observation.conformance(), observation);
        }

        long count(Conformance conformance) {
            return counts.getOrDefault(conformance, 0L);
        }

        @Nullable Observation latest(Conformance conformance) {
            return latest.get(conformance);
        }
    }

    /**
     * Starts without observations.
     *
     * @param tier the tier of the probes
     * @param watchesHandles whether the probes check calls for destroyed handles
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

    /** The clauses that this teardown alone violates. */
    public static List<Observation> violations(Teardown teardown) {
        return Checks.of(teardown).stream()
                .filter(observation -> observation.conformance() == Conformance.VIOLATED)
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
        long held = tally.count(Conformance.HELD);
        long deviated = tally.count(Conformance.DEVIATED);
        long violated = tally.count(Conformance.VIOLATED);
        Conformance decides =
                violated > 0 ? Conformance.VIOLATED : deviated > 0 ? Conformance.DEVIATED : Conformance.HELD;
        State state = switch (decides) {
            case VIOLATED -> State.VIOLATED;
            case DEVIATED -> clause.kind() == Clause.ClauseKind.FINDING ? State.FOUND : State.DIFFERS;
            case HELD -> held > 0 ? State.HOLDS : State.NOT_OBSERVED;
        };
        return new Verdict(
                clause,
                state,
                held,
                deviated,
                violated,
                tally.latest(decides),
                state == State.DIFFERS ? clause.difference() : null);
    }
}
