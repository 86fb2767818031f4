package dev.aioscope.telemetry;

import io.opentelemetry.common.ComponentLoader;
import io.opentelemetry.sdk.common.export.GrpcSenderProvider;
import io.opentelemetry.sdk.common.export.HttpSenderProvider;
import java.util.List;

/** Makes the SDK send OTLP by our senders; it finds all other components as usual. */
final class OtlpTransport implements ComponentLoader {
    private final ComponentLoader others = ComponentLoader.forClassLoader(OtlpTransport.class.getClassLoader());

    @Override
    public <T> Iterable<T> load(Class<T> type) {
        if (type == HttpSenderProvider.class) {
            HttpSenderProvider provider = OtlpHttpSender::new;
            return List.of(type.cast(provider));
        }
        if (type == GrpcSenderProvider.class) {
            GrpcSenderProvider provider = OtlpGrpcSender::new;
            return List.of(type.cast(provider));
        }
        return others.load(type);
    }
}
