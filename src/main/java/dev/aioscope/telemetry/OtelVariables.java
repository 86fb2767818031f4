package dev.aioscope.telemetry;

import java.util.Map;
import java.util.TreeMap;

/** The variables of OpenTelemetry that are set, for people to look at. */
public final class OtelVariables {
    private static final String MASK = "***";

    private OtelVariables() {}

    /** By name; of headers only their names are told, of URLs no password: secrets stand there. */
    public static Map<String, String> masked(Map<String, String> environment) {
        Map<String, String> masked = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith("OTEL_")) {
                masked.put(
                        name,
                        name.endsWith("_HEADERS")
                                ? value.replaceAll("=[^,]*", "=" + MASK)
                                : ExportGuard.withoutPassword(value));
            }
        });
        return masked;
    }
}
