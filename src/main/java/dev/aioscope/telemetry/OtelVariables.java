package dev.aioscope.telemetry;

import java.util.Map;
import java.util.TreeMap;

/** The {@code OTEL_*} variables of an environment, without their secrets. */
public final class OtelVariables {
    private static final String MASK = "***";

    private OtelVariables() {}

    /** The variables by name, sorted, with the values of headers and the passwords in URLs masked. */
    public static Map<String, String> masked(Map<String, String> environment) {
        Map<String, String> masked = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith("OTEL_")) {
                masked.put(
                        name,
                        name.endsWith("_HEADERS") ? value.replaceAll("=[^,]*", "=" + MASK) : withoutPassword(value));
            }
        });
        return masked;
    }

    /** Removes the user and password from a URL. */
    static String withoutPassword(String endpoint) {
        return endpoint.replaceFirst("//[^/@]*@", "//");
    }
}
