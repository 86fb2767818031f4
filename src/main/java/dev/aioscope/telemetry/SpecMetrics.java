package dev.aioscope.telemetry;

import dev.aioscope.audit.Audit;
import dev.aioscope.audit.Clause;
import dev.aioscope.audit.Verdict;
import dev.aioscope.telemetry.Metric.Label;
import io.micrometer.core.instrument.Tags;
import java.util.function.ToLongFunction;

/** How often each clause of the specification held, deviated and was violated. */
public final class SpecMetrics {
    private SpecMetrics() {}

    /** Registers the meters of an audit. A verdict has a series from its first observation on: few clauses have all three. */
    public static void register(Metrics metrics, Audit audit) {
        for (Verdict verdict : audit.verdicts()) {
            if (verdict.state() != Verdict.State.NOT_OBSERVABLE) {
                count(metrics, audit, verdict.clause(), "held", Verdict::held);
                count(metrics, audit, verdict.clause(), "deviated", Verdict::deviated);
                count(metrics, audit, verdict.clause(), "violated", Verdict::violated);
            }
        }
    }

    private static void count(
            Metrics metrics, Audit audit, Clause clause, String outcome, ToLongFunction<Verdict> observations) {
        Tags tags = Metrics.and(Metrics.tags(Label.CLAUSE, clause.name()), Label.VERDICT, outcome);
        metrics.counter(Metric.SPEC_OBSERVATION, tags, () -> {
            long count = observations.applyAsLong(audit.verdict(clause));
            return count == 0 ? Double.NaN : count;
        });
    }
}
