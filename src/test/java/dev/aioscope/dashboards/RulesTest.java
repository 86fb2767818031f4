package dev.aioscope.dashboards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.telemetry.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks the alert rules: their promtool tests, their metrics, and their sections in the runbook. */
class RulesTest {
    private static final Path FOLDER = Promtool.FOLDER;

    @ParameterizedTest
    @MethodSource("dev.aioscope.dashboards.Promtool#commands")
    void passesPromtool(String command, @TempDir Path folder) throws Exception {
        assumeTrue(Files.isExecutable(Promtool.OF_DEBIAN), "promtool is in the Debian package prometheus");
        Promtool.run(Promtool.OF_DEBIAN, command, folder);
    }

    @Test
    void hasTestAndRunbookSectionForEachAlert() throws IOException {
        List<String> alerts = all("- alert: (\\w+)", FOLDER.resolve("aioscope.rules.yml"));
        assertThat(alerts).isNotEmpty().doesNotHaveDuplicates();
        assertThat(all("(?m)^## (\\w+)$", Path.of("dashboards/runbook.md"))).containsExactlyElementsOf(alerts);
        assertThat(all(
                        "runbook_url: file:///usr/share/doc/aioscope/runbook\\.md#(\\w+)",
                        FOLDER.resolve("aioscope.rules.yml")))
                .containsExactlyElementsOf(alerts.stream()
                        .map(alert -> alert.toLowerCase(Locale.ROOT))
                        .toList());
    }

    @Test
    void testsThatEachAlertFiresAndDoesNotFire() throws IOException {
        // Each check in the files is an alert, a time and, if the alert must fire, what it says.
        String tests = Files.readString(FOLDER.resolve("aioscope.test.yml"))
                + Files.readString(FOLDER.resolve("aioscope.days.test.yml"));
        List<String> checks = List.of(tests.split("- alertname: "));
        assertThat(all("- alert: (\\w+)", FOLDER.resolve("aioscope.rules.yml"))).allSatisfy(alert -> {
            List<String> own = checks.stream()
                    .filter(check -> check.startsWith(alert + "\n"))
                    .toList();
            assertThat(own).anyMatch(check -> check.contains("exp_alerts:"));
            assertThat(own).anyMatch(check -> !check.contains("exp_alerts:"));
        });
    }

    @Test
    void describesEachAlertWithNumbersOrNames() throws IOException {
        List<String> alerts = all("- alert: (\\w+)", FOLDER.resolve("aioscope.rules.yml"));
        assertThat(all("description: (.*)", FOLDER.resolve("aioscope.rules.yml")))
                .hasSameSizeAs(alerts)
                .allSatisfy(description ->
                        assertThat(description).containsAnyOf("{{ $labels.instance }}", "{{ $labels.topic }}"));
        assertThat(all("summary: (.*)", FOLDER.resolve("aioscope.rules.yml")))
                .hasSameSizeAs(alerts)
                .allSatisfy(summary -> assertThat(summary).doesNotContain("{{"));
    }

    @Test
    void explainsEachAlertInRunbook() throws IOException {
        String[] entries = Files.readString(Path.of("dashboards/runbook.md")).split("(?m)^## ", -1);
        assertThat(Arrays.asList(entries).subList(1, entries.length))
                .allSatisfy(entry -> assertThat(entry).contains("**Meaning:**", "**Check:**", "**Do:**"));
    }

    @Test
    void usesOnlyExistingMetrics() throws IOException {
        Set<String> known =
                Arrays.stream(Metric.values()).map(Metric::prometheusName).collect(Collectors.toSet());
        Set<String> labels = Arrays.stream(Metric.Label.values())
                .map(Metric.Label::prometheusName)
                .collect(Collectors.toSet());
        assertThat(all("\\b(aio(?:scope)?_\\w+)(?=[\\[{ )]|$)", FOLDER.resolve("aioscope.rules.yml")))
                .filteredOn(name -> !labels.contains(name))
                .isNotEmpty()
                .isSubsetOf(known);
    }

    private static List<String> all(String pattern, Path file) throws IOException {
        return Pattern.compile(pattern, Pattern.MULTILINE)
                .matcher(Files.readString(file))
                .results()
                .map(found -> found.group(1))
                .toList();
    }
}
