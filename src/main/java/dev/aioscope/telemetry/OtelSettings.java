package dev.aioscope.telemetry;

import io.opentelemetry.sdk.autoconfigure.spi.ConfigProperties;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Our defaults for the standard settings of OpenTelemetry, and the messages for invalid ones. */
final class OtelSettings {
    private static final String TRACES_EXPORTER = "otel.traces.exporter";
    private static final String PROTOCOL = "otel.exporter.otlp.protocol";
    private static final String TRACES_PROTOCOL = "otel.exporter.otlp.traces.protocol";
    private static final String ENDPOINT = "otel.exporter.otlp.endpoint";
    private static final String TRACES_ENDPOINT = "otel.exporter.otlp.traces.endpoint";

    private static final String METRICS_EXPORTER = "otel.metrics.exporter";
    private static final String METRICS_PROTOCOL = "otel.exporter.otlp.metrics.protocol";
    private static final String METRICS_ENDPOINT = "otel.exporter.otlp.metrics.endpoint";

    private static final String DISABLED_PROVIDERS = "otel.java.disabled.resource.providers";
    /** It makes up an instance ID at each start, which would start new series. Our instance is the host. */
    private static final String INSTANCE_PROVIDER =
            "io.opentelemetry.sdk.autoconfigure.ServiceInstanceIdResourceProvider";

    private static final String GRPC = "grpc";

    /** Hints by the last word of a setting's name. */
    private static final Map<String, String> HINTS = Map.of(
            "endpoint", "use a URL without a query, such as http://localhost:4318 (for grpc http://localhost:4317)",
            "protocol", "use http/protobuf or grpc",
            "exporter", "use otlp or none",
            "compression", "use gzip or none",
            "headers", "use pairs such as key1=value1,key2=value2, with %XX for special characters",
            "attributes", "use pairs such as key1=value1,key2=value2, with %XX for special characters",
            "certificate", "use the path of a readable PEM file",
            "key", "use the path of a readable PEM file");

    private OtelSettings() {}

    /** Defaults for unset settings. An empty variable counts as unset, as OpenTelemetry specifies. */
    static Map<String, String> complete(ConfigProperties config) {
        Map<String, String> added = new HashMap<>();
        added.put("otel.logs.exporter", "none");
        added.put(TRACES_PROTOCOL, protocol(config, TRACES_PROTOCOL));
        added.put(TRACES_ENDPOINT, endpoint(config));
        added.put(METRICS_PROTOCOL, protocol(config, METRICS_PROTOCOL));
        added.put(METRICS_ENDPOINT, metricsEndpoint(config));
        // Many back ends accept only traces, and metrics can be scraped: an endpoint alone does not push them.
        if (first(config, METRICS_EXPORTER) == null) {
            added.put(METRICS_EXPORTER, first(config, METRICS_ENDPOINT) == null ? "none" : "otlp");
        }
        if (first(config, TRACES_EXPORTER) == null) {
            added.put(TRACES_EXPORTER, first(config, TRACES_ENDPOINT, ENDPOINT) == null ? "none" : "otlp");
        }
        if (first(config, "otel.service.name") == null
                && !config.getMap("otel.resource.attributes").containsKey("service.name")) {
            added.put("otel.service.name", "aioscope");
        }
        String disabled = first(config, DISABLED_PROVIDERS);
        added.put(DISABLED_PROVIDERS, disabled == null ? INSTANCE_PROVIDER : disabled + "," + INSTANCE_PROVIDER);
        return added;
    }

    /** The destination of traces. */
    static String endpoint(ConfigProperties config) {
        return endpoint(config, TRACES_ENDPOINT, TRACES_PROTOCOL, "v1/traces");
    }

    /** The destination of pushed metrics. */
    static String metricsEndpoint(ConfigProperties config) {
        return endpoint(config, METRICS_ENDPOINT, METRICS_PROTOCOL, "v1/metrics");
    }

    private static String endpoint(ConfigProperties config, String own, String ownProtocol, String path) {
        String given = first(config, own);
        if (given != null) {
            return given;
        }
        boolean grpc = protocol(config, ownProtocol).equals(GRPC);
        String base = first(config, ENDPOINT);
        if (base == null) {
            base = grpc ? "http://localhost:4317" : "http://localhost:4318";
        }
        return grpc ? base : base + (base.endsWith("/") ? "" : "/") + path;
    }

    /** The maximum number of queued spans. */
    static int queueSize(ConfigProperties config) {
        return config.getInt("otel.bsp.max.queue.size", 2048);
    }

    private static String protocol(ConfigProperties config, String own) {
        String protocol = first(config, own, PROTOCOL);
        return protocol == null ? "http/protobuf" : protocol;
    }

    private static @Nullable String first(ConfigProperties config, String... names) {
        for (String name : names) {
            String value = config.getString(name);
            if (value != null && !value.isBlank()) {
                return value;
            }
        }
        return null;
    }

    /**
     * Names the setting that the SDK rejected. The message of the SDK contains the setting, the value, the kind of
     * setting, or none of them; then all settings of the user are candidates.
     */
    static TelemetryException explain(RuntimeException rejection, Map<String, String> given) {
        Throwable origin = rejection;
        while (origin.getCause() != null
                && origin.getMessage() != null
                && origin.getMessage().startsWith("Unexpected")) {
            origin = origin.getCause();
        }
        String message = String.valueOf(origin.getMessage());
        Map<String, OtelSetting> all = userSettings(given);
        List<OtelSetting> suspects = List.of();
        List<Predicate<OtelSetting>> matches = List.of(
                s -> message.contains(s.property()),
                s -> s.value().length() > 2 && message.contains(s.value()),
                s -> message.toLowerCase(Locale.ROOT).contains(s.kind()),
                s -> true);
        for (Predicate<OtelSetting> match : matches) {
            suspects = all.values().stream().filter(match).toList();
            if (!suspects.isEmpty()) {
                break;
            }
        }
        String names =
                String.join(" or ", suspects.stream().map(OtelSetting::name).toList());
        String hint = suspects.stream()
                .map(s -> HINTS.get(s.kind()))
                .filter(c -> c != null)
                .findFirst()
                .orElse("correct or unset it");
        return new TelemetryException("cannot use " + names + ": " + message, hint, rejection);
    }

    /** A setting under the name that the user chose; the property is its name in the SDK. */
    private record OtelSetting(String name, String property, String value) {
        String kind() {
            return property.substring(property.lastIndexOf('.') + 1);
        }
    }

    /** Settings by property; a system property overrides a variable. */
    private static Map<String, OtelSetting> userSettings(Map<String, String> given) {
        Map<String, OtelSetting> settings = new TreeMap<>();
        given.forEach((name, value) -> settings.put(name, new OtelSetting(name, name, value)));
        System.getenv().forEach((name, value) -> {
            String property = name.toLowerCase(Locale.ROOT).replace('_', '.');
            if (property.startsWith("otel.")) {
                settings.put(property, new OtelSetting(name, property, value));
            }
        });
        System.getProperties().forEach((key, value) -> {
            String property = key.toString().toLowerCase(Locale.ROOT).replace('-', '.');
            if (property.startsWith("otel.")) {
                settings.put(property, new OtelSetting("-D" + key, property, value.toString()));
            }
        });
        return settings;
    }
}
