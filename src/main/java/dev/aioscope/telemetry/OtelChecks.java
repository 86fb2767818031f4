package dev.aioscope.telemetry;

import io.opentelemetry.sdk.autoconfigure.spi.ConfigProperties;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Standard settings of OpenTelemetry that would have no effect, and values that the SDK accepts although they are invalid
 * or rejects without the name of the setting. Each is an error at the start.
 */
final class OtelChecks {
    /**
     * A setting without effect.
     *
     * @param property its name in the SDK
     * @param accepted values that ask for what happens anyway, in lower case
     */
    private record Ignored(String property, Set<String> accepted, String problem, String hint) {
        void check(ConfigProperties config) {
            String value = OtelSettings.first(config, property);
            if (value != null && !accepted.contains(value.strip().toLowerCase(Locale.ROOT))) {
                throw new UnusableSettingException(
                        property, problem + ", not " + OtelVariables.withoutPassword(value), hint);
            }
        }
    }

    private static final String NO_FILE = "settings are variables";
    private static final String USE_VARIABLES = "set the other OTEL_ variables instead";
    private static final String ONLY_OTLP = "spans are exported by OTLP";
    private static final String USE_OTLP = "use OTEL_EXPORTER_OTLP_ENDPOINT; Zipkin can receive from a Collector";
    private static final String OWN_SERVER = "/metrics is served at the address of the setting listen";
    private static final String USE_LISTEN = "use listen or unset it";
    private static final String FIXED_LIMIT = "events and links have up to 128 attributes";
    private static final String UNSET = "unset it";

    private static final List<Ignored> IGNORED = List.of(
            new Ignored("otel.config.file", Set.of(), NO_FILE, USE_VARIABLES),
            new Ignored("otel.experimental.config.file", Set.of(), NO_FILE, USE_VARIABLES),
            new Ignored("otel.log.level", Set.of("info"), "the log of the SDK has the level info", UNSET),
            new Ignored(
                    "otel.sdk.disabled", Set.of("true", "false"), "the value is true or false", "use true or false"),
            new Ignored("otel.exporter.zipkin.endpoint", Set.of(), ONLY_OTLP, USE_OTLP),
            new Ignored("otel.exporter.zipkin.timeout", Set.of(), ONLY_OTLP, USE_OTLP),
            new Ignored("otel.exporter.prometheus.host", Set.of("localhost"), OWN_SERVER, USE_LISTEN),
            new Ignored("otel.exporter.prometheus.port", Set.of("9464"), OWN_SERVER, USE_LISTEN),
            new Ignored("otel.event.attribute.count.limit", Set.of("128"), FIXED_LIMIT, UNSET),
            new Ignored("otel.link.attribute.count.limit", Set.of("128"), FIXED_LIMIT, UNSET));

    /** Pushed metrics are what a scrape returns. */
    private static final List<Ignored> IGNORED_BY_PUSH = List.of(
            new Ignored(
                    "otel.exporter.otlp.metrics.default.histogram.aggregation",
                    Set.of("explicit_bucket_histogram"),
                    "pushed histograms have explicit buckets",
                    "use explicit_bucket_histogram or unset it"),
            new Ignored(
                    "otel.exporter.otlp.metrics.temporality.preference",
                    Set.of("cumulative"),
                    "pushed metrics are cumulative",
                    "use cumulative or unset it"),
            new Ignored(
                    "otel.metrics.exemplar.filter",
                    Set.of("trace_based"),
                    "exemplars are teardowns that became traces",
                    "use trace_based or unset it"),
            new Ignored(
                    "otel.metric.export.timeout",
                    Set.of("30000"),
                    "a push has the timeout of its request",
                    "use OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"));

    /** Limits that the SDK rejects below 0 without their names. */
    private static final List<String> LIMITS = List.of(
            "otel.attribute.count.limit",
            "otel.attribute.value.length.limit",
            "otel.span.attribute.count.limit",
            "otel.span.attribute.value.length.limit",
            "otel.span.event.count.limit",
            "otel.span.link.count.limit");

    private static final String SAMPLER = "otel.traces.sampler";
    private static final String SAMPLER_ARGUMENT = "otel.traces.sampler.arg";
    private static final Pattern PERCENT_ALONE = Pattern.compile("%(?!\\p{XDigit}{2})");

    private OtelChecks() {}

    /** Fails for the first setting that has no effect or an invalid value. */
    static void check(ConfigProperties config) {
        IGNORED.forEach(setting -> setting.check(config));
        for (String limit : LIMITS) {
            Integer value = config.getInt(limit);
            if (value != null && value < 0) {
                throw new UnusableSettingException(limit, "the limit is negative: " + value, "use 0 or more");
            }
        }
        String sampler = OtelSettings.first(config, SAMPLER);
        Double ratio = sampler != null && sampler.endsWith("traceidratio") ? config.getDouble(SAMPLER_ARGUMENT) : null;
        if (ratio != null && !(ratio >= 0 && ratio <= 1)) {
            throw new UnusableSettingException(
                    SAMPLER_ARGUMENT, "a ratio is from 0 to 1, got " + ratio, "use a ratio such as 0.1");
        }
    }

    /** Fails for the first setting that has no effect on pushed metrics. */
    static void checkPush(ConfigProperties config) {
        IGNORED_BY_PUSH.forEach(setting -> setting.check(config));
    }

    /** Fails if a setting with pairs has a percent sign that encodes nothing. The value can be a secret. */
    static void checkEncoding(String property, @Nullable String pairs) {
        if (pairs != null && PERCENT_ALONE.matcher(pairs).find()) {
            throw new UnusableSettingException(
                    property, "a percent sign is not followed by two hexadecimal digits", "use %25 for a percent sign");
        }
    }
}
