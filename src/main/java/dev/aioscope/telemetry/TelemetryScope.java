package dev.aioscope.telemetry;

import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.common.InstrumentationScopeInfoBuilder;
import io.opentelemetry.semconv.SchemaUrls;
import org.jspecify.annotations.Nullable;

/** The instrumentation scope of all signals, and the semantic conventions that their attributes follow. */
final class TelemetryScope {
    static final String NAME = "dev.aioscope";
    static final String SCHEMA_URL = SchemaUrls.V1_45_0;

    private TelemetryScope() {}

    /** The version of aioscope; null if it runs from classes instead of its jar. */
    static @Nullable String version() {
        return TelemetryScope.class.getPackage().getImplementationVersion();
    }

    /** As the SDK describes it. */
    static InstrumentationScopeInfo info() {
        InstrumentationScopeInfoBuilder scope =
                InstrumentationScopeInfo.builder(NAME).setSchemaUrl(SCHEMA_URL);
        String version = version();
        return version == null ? scope.build() : scope.setVersion(version).build();
    }
}
