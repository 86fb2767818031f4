package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Compares the numbers of series in {@code dashboards/metrics.md} with those of a quiet and of a busy host. */
class SeriesCountTest {
    private static final int QUIET = 300;
    private static final int BUSY = 600;

    private String document;

    @BeforeEach
    void read() throws Exception {
        document = Files.readString(Path.of("dashboards/metrics.md"));
    }

    /** Workers have their series when they first run. */
    private long count(TypicalHost host, String accept) {
        Matcher workers = Pattern.compile("(?ms)^\\| `aioscope_worker` \\| what fails \\|.*?\\n\\n")
                .matcher(document);
        assertThat(workers.find()).isTrue();
        long documented = Pattern.compile("`[a-z-]+`[,| ]")
                .matcher(workers.group().replaceAll("(?m)\\|[^|]*\\|$", "|"))
                .results()
                .count();
        int samples = accept.isEmpty() ? 1 : 2; // _total and _created
        return samples * documented
                + host.metrics()
                        .scrape(accept)
                        .body()
                        .lines()
                        .filter(line -> !line.startsWith("#") && !line.startsWith("aioscope_worker"))
                        .count();
    }

    private String row(String name, TypicalHost host) {
        return "| " + name + " | " + count(host, "") + " | " + count(host, "application/openmetrics-text") + " |";
    }

    @Test
    void documentsNumberOfQuietHost() {
        try (TypicalHost host = TypicalHost.quiet()) {
            assertThat(document).contains(row("quiet", host));
            assertThat(count(host, "application/openmetrics-text")).isLessThanOrEqualTo(QUIET);
        }
    }

    @Test
    void documentsNumberOfBusyHost() throws Exception {
        try (TypicalHost host = TypicalHost.busy()) {
            assertThat(document).contains(row("busy", host));
            assertThat(count(host, "application/openmetrics-text")).isLessThanOrEqualTo(BUSY);
        }
    }
}
