package dev.aioscope.dashboards;

import dev.aioscope.telemetry.Metric;
import java.util.List;

/**
 * The Grafana dashboards as code. Queries refer to {@link Metric}, so an unknown metric does not compile. {@link
 * DashboardsTest} compares the files in {@code dashboards/grafana}.
 */
public final class Dashboards {
    private Dashboards() {}

    public static List<Dashboard> all() {
        return List.of(FleetDashboard.dashboard(), HostDashboard.dashboard(), AgentDashboard.dashboard());
    }
}
