package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.DoubleStream;

/** What the daemon in a guest says at one moment. */
record Scrape(String text) {
    static Scrape take() throws IOException {
        try (InputStream body =
                URI.create("http://127.0.0.1:9464/metrics").toURL().openStream()) {
            return new Scrape(new String(body.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /** The first of which this is true. */
    static Scrape await(Predicate<Scrape> wanted) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        Scrape scrape = take();
        while (!wanted.test(scrape)) {
            assertThat(System.nanoTime()).as(scrape.text).isLessThan(deadline);
            Command.pause();
            scrape = take();
        }
        return scrape;
    }

    double value(String series) {
        return values(series + " ").findFirst().orElseThrow(() -> new AssertionError("no " + series + " in\n" + text));
    }

    /** Of all series of a metric. */
    double sum(String metric) {
        return DoubleStream.concat(values(metric + " "), values(metric + "{")).sum();
    }

    private DoubleStream values(String prefix) {
        return text.lines()
                .filter(line -> line.startsWith(prefix))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)));
    }
}
