package dev.aioscope.backend;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;

/** A Collector that forwards spans to a Zipkin server. */
record TraceBackend(Zipkin zipkin, Collector collector) implements AutoCloseable {
    /**
     * Starts both, or skips the test if one is unavailable.
     *
     * @param folder for their files
     */
    static TraceBackend start(Path folder) {
        assumeTrue(
                Collector.unavailable().isEmpty(), () -> Collector.unavailable().orElseThrow());
        assumeTrue(Zipkin.unavailable().isEmpty(), () -> Zipkin.unavailable().orElseThrow());
        Zipkin zipkin = Zipkin.start(folder);
        try {
            return new TraceBackend(zipkin, Collector.start(folder, zipkin.spansUrl()));
        } catch (RuntimeException e) {
            zipkin.close();
            throw e;
        }
    }

    @Override
    public void close() {
        collector.close();
        zipkin.close();
    }
}
