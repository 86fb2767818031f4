package dev.aioscope.telemetry;

import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.resources.Resource;
import java.util.Collection;

/** What an agent pushes. */
public final class PushedMetrics {
    private PushedMetrics() {}

    /** One push of all metrics. */
    public static Collection<MetricData> of(Metrics metrics, Resource resource) {
        MetricPush push = new MetricPush();
        push.setSource(metrics);
        return push.produce(resource);
    }
}
