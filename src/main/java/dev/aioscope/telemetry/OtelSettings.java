package dev.aioscope.telemetry;

import io.opentelemetry.sdk.autoconfigure.spi.ConfigProperties;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.semconv.K8sAttributes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
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

    private static final String LOGS_EXPORTER = "otel.logs.exporter";
    private static final String LOGS_PROTOCOL = "otel.exporter.otlp.logs.protocol";
    private static final String LOGS_ENDPOINT = "otel.exporter.otlp.logs.endpoint";

    private static final List<String> HEADERS = List.of(
            "otel.exporter.otlp.headers",
            "otel.exporter.otlp.traces.headers",
            "otel.exporter.otlp.metrics.headers",
            "otel.exporter.otlp.logs.headers");

    private static final String ATTRIBUTES = "otel.resource.attributes";
    private static final String DISABLED_PROVIDERS = "otel.java.disabled.resource.providers";
    /** It makes up an instance ID at each start, which would start new series. Our instance is the host. */
    private static final String INSTANCE_PROVIDER =
            "io.opentelemetry.sdk.autoconfigure.ServiceInstanceIdResourceProvider";

    /** Why nothing is exported by default. */
    static final String NO_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT is not set";

    /** The variable K8S_NODE_NAME, which the chart sets by the downward API. */
    private static final String NODE_NAME = "k8s.node.name";

    private static final String GRPC = "grpc";

    /** Hints by the last word of a setting's name. */
    private static final Map<String, String> HINTS = Map.of(
            "endpoint", "use a URL without a query, such as http://localhost:4318 (for grpc http://localhost:4317)",
            "protocol", "use http/protobuf or grpc",
            "exporter", "use otlp or none",
            "compression", "use gzip or none",
            "headers", "use pairs such as key1=value1,key2=value2, with %XX for special characters",
            "attributes", "use pairs such as key1=value1,key2=value2, with %XX for special characters",
            "certificate", "use the path of a readable PEM file, for a client also that of its key",
            "key", "use the path of a readable PEM file, and name the certificate too");

    /** The largest values that the SDK can use: it allocates its queue at once, and adds durations to a clock. */
    private static final int MAX_QUEUE = 1 << 20;

    private static final Duration MAX_DURATION = Duration.ofDays(1);

    private static final String QUEUE_SIZE = "otel.bsp.max.queue.size";
    private static final String LOGS_QUEUE_SIZE = "otel.blrp.max.queue.size";

    /** Durations, with the smallest value in milliseconds: a delay of 0 is a busy loop, a timeout of 0 is none. */
    private static final Map<String, Integer> DURATIONS = Map.of(
            "otel.bsp.schedule.delay", 1,
            "otel.bsp.export.timeout", 0,
            "otel.blrp.schedule.delay", 1,
            "otel.blrp.export.timeout", 0,
            "otel.metric.export.interval", 1,
            "otel.exporter.otlp.timeout", 0,
            "otel.exporter.otlp.traces.timeout", 0,
            "otel.exporter.otlp.metrics.timeout", 0,
            "otel.exporter.otlp.logs.timeout", 0);

    private OtelSettings() {}

    /** Defaults for unset settings. An empty variable counts as unset, as OpenTelemetry specifies. */
    static Map<String, String> complete(ConfigProperties config) {
        OtelChecks.check(config);
        OtelChecks.checkEncoding(ATTRIBUTES, first(config, ATTRIBUTES));
        checkRanges(config);
        Map<String, String> added = new HashMap<>();
        for (String headers : HEADERS) {
            String given = first(config, headers);
            OtelChecks.checkEncoding(headers, given);
            if (given != null) {
                // The values are percent-encoded, but the SDK also takes a plus for a space, as in an HTML form.
                added.put(headers, given.replace("+", "%2B"));
            }
        }
        added.put(TRACES_PROTOCOL, protocol(config, TRACES_PROTOCOL));
        added.put(TRACES_ENDPOINT, endpoint(config));
        added.put(METRICS_PROTOCOL, protocol(config, METRICS_PROTOCOL));
        added.put(METRICS_ENDPOINT, metricsEndpoint(config));
        // Many back ends accept only traces, and metrics can be scraped: an endpoint alone does not push them.
        if (first(config, METRICS_EXPORTER) == null) {
            added.put(METRICS_EXPORTER, first(config, METRICS_ENDPOINT) == null ? "none" : "otlp");
        }
        if (!isDisabled(config)
                && !"none".equals(added.getOrDefault(METRICS_EXPORTER, first(config, METRICS_EXPORTER)))) {
            OtelChecks.checkPush(config);
        }
        if (first(config, TRACES_EXPORTER) == null) {
            added.put(TRACES_EXPORTER, first(config, TRACES_ENDPOINT, ENDPOINT) == null ? "none" : "otlp");
        }
        added.put(LOGS_PROTOCOL, protocol(config, LOGS_PROTOCOL));
        added.put(LOGS_ENDPOINT, logsEndpoint(config));
        if (first(config, LOGS_EXPORTER) == null) {
            added.put(LOGS_EXPORTER, first(config, LOGS_ENDPOINT, ENDPOINT) == null ? "none" : "otlp");
        }
        if (first(config, "otel.service.name") == null
                && !config.getMap(ATTRIBUTES).containsKey("service.name")) {
            added.put("otel.service.name", "aioscope");
        }
        String disabled = first(config, DISABLED_PROVIDERS);
        added.put(DISABLED_PROVIDERS, disabled == null ? INSTANCE_PROVIDER : disabled + "," + INSTANCE_PROVIDER);
        return added;
    }

    private static boolean isDisabled(ConfigProperties config) {
        return Boolean.TRUE.equals(config.getBoolean("otel.sdk.disabled"));
    }

    /** Whether the environment or the system properties have any setting, also an invalid one. */
    static boolean areGiven() {
        return Stream.concat(System.getenv().keySet().stream(), System.getProperties().stringPropertyNames().stream())
                .map(name -> name.toLowerCase(Locale.ROOT).replace('_', '.'))
                .anyMatch(name -> name.startsWith("otel.") || name.equals(NODE_NAME));
    }

    /** Whether the complete settings export any signal. */
    static boolean exports(ConfigProperties config) {
        return !isDisabled(config)
                && !Stream.of(TRACES_EXPORTER, METRICS_EXPORTER, LOGS_EXPORTER)
                        .allMatch(exporter -> "none".equals(first(config, exporter)));
    }

    /** The Kubernetes node of the agent: from the attributes of the user, or from the variable of the chart. */
    static @Nullable String nodeName(ConfigProperties config, Resource resource) {
        String given = resource.getAttribute(K8sAttributes.K8S_NODE_NAME);
        return given != null ? given : first(config, NODE_NAME);
    }

    /** Why no traces are exported, given that there are none. */
    static String whyOff(ConfigProperties config) {
        if (isDisabled(config)) {
            return "OTEL_SDK_DISABLED=true";
        }
        return "none".equals(first(config, TRACES_EXPORTER)) ? "OTEL_TRACES_EXPORTER=none" : NO_ENDPOINT;
    }

    private static void checkRanges(ConfigProperties config) {
        DURATIONS.forEach((property, min) -> {
            Duration value = config.getDuration(property);
            if (value != null) {
                checkRange(property, value.toMillis(), min, MAX_DURATION.toMillis(), " ms");
            }
        });
        for (String property : List.of(
                QUEUE_SIZE, "otel.bsp.max.export.batch.size", LOGS_QUEUE_SIZE, "otel.blrp.max.export.batch.size")) {
            Integer value = config.getInt(property);
            if (value != null) {
                checkRange(property, value, 1, MAX_QUEUE, "");
            }
        }
    }

    private static void checkRange(String property, long value, long min, long max, String unit) {
        if (value < min || value > max) {
            throw new ConfigurationException(
                    property + " must be from " + min + " to " + max + unit + ", got " + value + unit);
        }
    }

    /** The destination of traces. */
    static String endpoint(ConfigProperties config) {
        return endpoint(config, TRACES_ENDPOINT, TRACES_PROTOCOL, "v1/traces");
    }

    /** The destination of pushed metrics. */
    static String metricsEndpoint(ConfigProperties config) {
        return endpoint(config, METRICS_ENDPOINT, METRICS_PROTOCOL, "v1/metrics");
    }

    /** The destination of log records. */
    static String logsEndpoint(ConfigProperties config) {
        return endpoint(config, LOGS_ENDPOINT, LOGS_PROTOCOL, "v1/logs");
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
        return config.getInt(QUEUE_SIZE, 2048);
    }

    /** The maximum number of queued log records. */
    static int logsQueueSize(ConfigProperties config) {
        return config.getInt(LOGS_QUEUE_SIZE, 2048);
    }

    private static String protocol(ConfigProperties config, String own) {
        String protocol = first(config, own, PROTOCOL);
        return protocol == null ? "http/protobuf" : protocol;
    }

    /** The first of these settings that is set to a value. */
    static @Nullable String first(ConfigProperties config, String... names) {
        for (String name : names) {
            String value = config.getString(name);
            if (value != null && !value.isBlank()) {
                return value;
            }
        }
        return null;
    }

    /**
     * Names the setting that the SDK or the agent rejected. The message of the SDK contains the setting, the value, the
     * kind of setting, or none of them; then all settings of the user are candidates.
     */
    static TelemetryException explain(RuntimeException rejection, Map<String, String> given) {
        Throwable origin = rejection;
        while (origin.getCause() != null
                && origin.getMessage() != null
                && origin.getMessage().startsWith("Unexpected")) {
            origin = origin.getCause();
        }
        Map<String, OtelSetting> all = userSettings(given);
        if (origin instanceof UnusableSettingException unusable) {
            return unusable(ofKind(all, unusable.kind()), unusable, rejection);
        }
        String message = String.valueOf(origin.getMessage());
        if (message.contains("X509KeyManager")) {
            return explainClientKey(all, message, rejection);
        }
        List<OtelSetting> suspects = List.of();
        List<Predicate<OtelSetting>> matches = List.of(
                s -> message.contains(s.property()),
                s -> s.value().length() > 2 && message.contains(s.value()),
                s -> message.toLowerCase(Locale.ROOT).contains(s.kind()),
                s -> message.contains("X509TrustManager") && s.kind().equals("certificate"),
                s -> true);
        for (Predicate<OtelSetting> match : matches) {
            suspects = all.values().stream().filter(match).toList();
            if (!suspects.isEmpty()) {
                break;
            }
        }
        String hint = suspects.stream()
                .map(s -> HINTS.get(s.kind()))
                .filter(c -> c != null)
                .findFirst()
                .orElse("correct or unset it");
        return rejected(suspects, message, hint, rejection);
    }

    /** The SDK does not say which of key and certificate it cannot use. */
    private static TelemetryException explainClientKey(
            Map<String, OtelSetting> all, String message, RuntimeException rejection) {
        for (OtelSetting key : ofKind(all, "key")) {
            Optional<UnusableSettingException> problem = ClientKey.problem(Path.of(key.value()));
            if (problem.isPresent()) {
                return unusable(List.of(key), problem.get(), rejection);
            }
        }
        return rejected(
                all.values().stream()
                        .filter(s -> s.property().contains(".client."))
                        .toList(),
                message,
                "use PEM files of an X.509 certificate and of its RSA or EC key in PKCS #8",
                rejection);
    }

    private static List<OtelSetting> ofKind(Map<String, OtelSetting> all, String kind) {
        return all.values().stream()
                .filter(s -> ("." + s.property()).endsWith("." + kind))
                .toList();
    }

    private static TelemetryException unusable(
            List<OtelSetting> suspects, UnusableSettingException unusable, RuntimeException rejection) {
        return rejected(suspects, String.valueOf(unusable.getMessage()), unusable.hint(), rejection);
    }

    private static TelemetryException rejected(
            List<OtelSetting> suspects, String message, String hint, RuntimeException rejection) {
        String names =
                String.join(" or ", suspects.stream().map(OtelSetting::name).toList());
        return new TelemetryException(
                "cannot use " + names + ": " + OtelVariables.withoutPassword(message), hint, rejection);
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
