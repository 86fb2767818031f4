package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class MainTest {
    @Test
    void helpListsTheCommandsAndTheExitStatus() {
        Run run = Run.of("--help");

        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("doctor", "top", "trace", "run", "demo", "version", "Examples:", "Exit status:");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "doctor", "top", "explain", "trace", "audit", "record", "replay", "run", "config", "demo", "version"
            })
    void everyCommandHasHelp(String command) {
        Run run = Run.of(command, "--help");

        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("Usage: aioscope " + command, "--help").doesNotContain("${");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "\"\"                      | say what to do: doctor, top, contexts, plan, explain, trace, audit, record, replay, run, config, demo, version",
                "tarce                   | did you mean trace? Try",
                "trace --josn            | Unknown option: '--josn'",
                "trace --for 10          | '10' is not a duration such as 500ms, 10s, 5m or 1h",
                "trace --for 0s          | '0s' must be greater than zero",
                "trace --count 0         | --count must be 1 or more",
                "trace --pid mysqld      | 'mysqld' is not the number of a process",
                "trace --tier best       | --tier",
                "top --scan-interval 0ms      | '0ms' must be greater than zero",
                "trace --scan-interval 0ms    | '0ms' must be greater than zero",
                "explain                 | Missing required parameter: 'PID'",
                "explain mysqld          | 'mysqld' is not the number of a process",
                "trace --stuck-after 0s  | '0s' must be greater than zero",
                "run --sampling-ratio 2          | expected a ratio from 0 to 1, got '2'",
                "run --sampling-ratio NaN        | expected a ratio from 0 to 1, got 'NaN'",
                "config                  | say what to do: check, show",
                "run --max-calls 1       | '1' is not a whole number from 64 to 1048576",
                "run --slow-threshold soon         | 'soon' is not a duration",
                "demo --directory /no/such  | --directory /no/such is not a folder that can be written to",
                "audit --json --markdown | --json and --markdown are two forms of the same: take one",
                "audit --device /dev/vda | --device is for the workload: add --workload",
                "audit --workload --device /no/such | --device /no/such cannot be read",
                "audit --workload --directory /no/such | --directory /no/such is not a folder that can be written to",
                "record                  | Missing required parameter: 'FILE'",
                "record /dev/null --for 1 | '1' is not a duration",
                "replay /no/such trace   | there is no file /no/such",
                "replay pom.xml trace    | pom.xml is no recording of aioscope",
                "replay /dev/zero trace  | /dev/zero is no file that can be read twice",
                "replay src trace        | src is no file that can be read twice",
                "replay pom.xml doctor   | a recording can be shown by trace, audit, top, run, not by doctor",
                "replay --speed 0 pom.xml | '0' is not a speed such as 0.5, 1 or 10, nor max",
                "run --recorder-size 1m  | '1m' is not a size from 8m on, such as 32m or 1g, nor off",
                "run --recorder-size big | 'big' is not a size from 8m on",
                "version now             | Unmatched argument at index 1: 'now'",
            })
    void wrongUsageSaysWhatIsWrongAndWhatToTypeNext(String line, String message) {
        Run run = Run.of(line.isEmpty() ? new String[0] : line.split(" +", -1));

        assertThat(run.status()).as(run.err()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains(message).contains("--help").doesNotContain("\tat ");
    }

    @Test
    void versionNamesAllThatCanDiffer() {
        Run run = Run.of("version");

        assertThat(run.status()).isZero();
        assertThat(run.out().lines())
                .hasSize(5)
                .allMatch(line -> line.matches("(aioscope|java|kernel|libbpf|libbcc) +\\S.*"));
    }
}
