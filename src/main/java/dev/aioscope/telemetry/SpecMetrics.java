package dev.aioscope.telemetry;

import dev.aioscope.audit.Audit;
import dev.aioscope.audit.Verdict;
import dev.aioscope.telemetry.Metric.Label;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

/** How often each clause of the specification was kept and broken, asked of the audit at each scrape. */
public record SpecMetrics(Audit audit) implements MultiCollector {
    @Override
    public MetricSnapshots collect() {
        Families families = new Families();
        for (Verdict verdict : audit.verdicts()) {
            if (verdict.state() != Verdict.State.NOT_OBSERVABLE) {
                count(families, verdict, "kept", verdict.held());
                count(families, verdict, "otherwise", verdict.deviated());
                count(families, verdict, "broken", verdict.violated());
            }
        }
        return families.build();
    }

    private static void count(Families families, Verdict verdict, String outcome, long observations) {
        Labels labels = Families.labels(Label.CLAUSE, verdict.clause().name());
        families.counter(Metric.SPEC_OBSERVATION, observations, Families.with(labels, Label.VERDICT, outcome));
    }
}
