package dev.aioscope.backend;

import dev.aioscope.daemon.IncidentReport;
import dev.aioscope.recording.Recording;
import dev.aioscope.testing.Browser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Measures a report with 10,000 teardowns and 5,000 contexts by Chromium's own trace: how long after the start of the
 * navigation its largest part is painted, and the frames while a table with all teardowns and the page scroll. Run it in
 * the project folder: {@code java -cp ... dev.aioscope.backend.PageBenchmark}.
 */
final class PageBenchmark {
    private static final int STARTS = 5;
    private static final int PIXELS = 9000;
    private static final int PIXELS_PER_SECOND = 3000;

    private PageBenchmark() {}

    /** Prints one line for each. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("page");
        Path report = folder.resolve("report.html");
        Recording recording = Recording.open(PageScenes.of(folder, "db", 10_000, 5000));
        IncidentReport.write(recording, false, Duration.ofSeconds(1), report);
        try (Browser browser = Browser.start(folder)) {
            browser.show(1440, 900, false);
            double[] paints = LongStream.range(0, STARTS)
                    .mapToDouble(i -> paint(browser, report))
                    .sorted()
                    .toArray();
            System.out.printf(
                    Locale.ROOT,
                    "%s teardowns: painted after %.0f ms (median of %d, %.0f to %.0f)%n",
                    browser.evaluate("data.ended.length"),
                    paints[STARTS / 2],
                    STARTS,
                    paints[0],
                    paints[STARTS - 1]);
            browser.evaluate("document.querySelector('#teardowns').scrollIntoView()");
            scroll(browser, "table", 300);
            browser.evaluate("scrollTo(0, 0)");
            scroll(browser, "page", 20);
        }
    }

    private static double paint(Browser browser, Path report) {
        List<JsonNode> trace = browser.trace("loading,blink.user_timing", () -> {
            browser.open(report.toUri().toString(), "document.body && document.body.dataset.ready");
            // Chromium reports a paint a little later.
            browser.evaluate("new Promise(done => setTimeout(done, 1000))");
        });
        long begin = times(trace, "navigationStart").min().orElseThrow();
        long end = times(trace, "largestContentfulPaint::Candidate").max().orElseThrow();
        return (end - begin) / 1000.0;
    }

    private static LongStream times(List<JsonNode> trace, String name) {
        return named(trace, name).mapToLong(event -> event.path("ts").asLong());
    }

    private static Stream<JsonNode> named(List<JsonNode> trace, String name) {
        return trace.stream().filter(event -> event.path("name").asString().equals(name));
    }

    private static void scroll(Browser browser, String what, int y) {
        List<JsonNode> trace = browser.trace(
                "disabled-by-default-devtools.timeline.frame,devtools.timeline.frame",
                () -> browser.call(
                        "Input.synthesizeScrollGesture",
                        Map.of("x", 700, "y", y, "yDistance", -PIXELS, "speed", PIXELS_PER_SECOND)));
        long[] drawn = times(trace, "DrawFrame").sorted().toArray();
        double seconds = (drawn[drawn.length - 1] - drawn[0]) / 1e6;
        long longest = LongStream.range(1, drawn.length)
                .map(i -> drawn[(int) i] - drawn[(int) i - 1])
                .max()
                .orElseThrow();
        System.out.printf(
                Locale.ROOT,
                "%s: %.1f frames a second for %.1f s, %d dropped, longest %.1f ms%n",
                what,
                (drawn.length - 1) / seconds,
                seconds,
                named(trace, "DroppedFrame").count(),
                longest / 1000.0);
    }
}
