package dev.aioscope.guest;

import dev.aioscope.testing.Await;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.function.Predicate;
import java.util.stream.DoubleStream;

/** A scrape of the daemon in a guest. */
record MetricsScrape(String text) {
    static MetricsScrape take() throws IOException {
        try (InputStream body =
                URI.create("http://127.0.0.1:9464/metrics").toURL().openStream()) {
            return new MetricsScrape(new String(body.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /** Waits for a scrape that matches. */
    static MetricsScrape await(Predicate<MetricsScrape> wanted) throws IOException {
        return Await.value("metrics", MetricsScrape::take, wanted);
    }

    double value(String series) {
        return values(series + " ").findFirst().orElseThrow(() -> new AssertionError("no " + series + " in\n" + text));
    }

    /** The value of a series, or 0 if there is no such series yet. */
    double valueOrZero(String series) {
        return values(series + " ").findFirst().orElse(0);
    }

    /** The sum of all series of a metric. */
    double sum(String metric) {
        return DoubleStream.concat(values(metric + " "), values(metric + "{")).sum();
    }

    private DoubleStream values(String prefix) {
        return text.lines()
                .filter(line -> line.startsWith(prefix))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)));
    }
}
