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
    void listsCommandsAndExitStatusInHelp() {
        Run run = Run.of("--help");

        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("doctor", "top", "trace", "run", "demo", "version", "Examples:", "Exit status:");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "doctor",
                "top",
                "contexts",
                "plan",
                "explain",
                "trace",
                "audit",
                "record",
                "replay",
                "run",
                "config",
                "demo",
                "version"
            })
    void showsHelpOfEveryCommand(String command) {
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
                "\"\"                      | expected a command: doctor, top, contexts, plan, explain, trace, audit, record, replay, report, run, config, demo, version",
                "tarce                   | hint: did you mean trace?",
                "trace --josn            | Unknown option: '--josn'",
                "trace --for 10          | expected a duration such as 500ms, 10s, 5m or 1h, got '10'",
                "trace --for 0s          | expected a duration from 1ms to 8760h, such as 10s, got '0s'",
                "trace --count 0         | --count: expected 1 or more, got 0",
                "trace --pid mysqld      | expected a process ID, got 'mysqld'",
                "trace --tier best       | --tier",
                "top --scan-interval 0ms      | expected a duration from 1ms to 8760h, such as 10s, got '0ms'",
                "trace --scan-interval 0ms    | expected a duration from 1ms to 8760h, such as 10s, got '0ms'",
                "explain                 | Missing required parameter: 'PID'",
                "explain mysqld          | expected a process ID, got 'mysqld'",
                "trace --stuck-after 0s  | expected a duration from 1ms to 8760h, such as 10s, got '0s'",
                "trace --for 9999999h    | expected a duration from 1ms to 8760h, such as 10s, got '9999999h'",
                "contexts --watch 1000000h | expected a duration from 1ms to 8760h, such as 10s, got '1000000h'",
                "run --scan-interval 1000000h | expected a duration from 1ms to 8760h, such as 10s, got '1000000h'",
                "run --late-completion-pause 999999999h | expected a duration from 1ms to 8760h, such as 10s, got",
                "run --slow-threshold 9999999h | expected a duration from 0ms to 8760h, such as 10s, got '9999999h'",
                "run --sampling-ratio 2          | expected a ratio from 0 to 1, got '2'",
                "run --sampling-ratio NaN        | expected a ratio from 0 to 1, got 'NaN'",
                "config                  | expected a command: check, show",
                "run --max-calls 1       | expected an integer from 64 to 1048576, got '1'",
                "run --slow-threshold soon         | expected a duration such as 500ms, 10s, 5m or 1h, got 'soon'",
                "demo --directory /no/such  | cannot write to --directory /no/such: not a writable directory",
                "audit --json --markdown | --json and --markdown exclude each other",
                "audit --device /dev/vda | --device requires --workload",
                "audit --workload --device /no/such | cannot read --device /no/such",
                "audit --workload --directory /no/such | cannot write to --directory /no/such: not a writable directory",
                "record                  | Missing required parameter: 'FILE'",
                "record /dev/null --for 1 | got '1'",
                "replay /no/such trace   | cannot read /no/such: no such file",
                "replay pom.xml trace    | cannot read pom.xml: not a recording of aioscope",
                "replay /dev/zero trace  | cannot read /dev/zero twice",
                "replay src trace        | cannot read src twice",
                "replay pom.xml doctor   | expected one of trace, audit, top, run, got doctor",
                "replay --speed 0 pom.xml | expected a speed such as 0.5, 1, 10 or max, got '0'",
                "run --recorder-size 1m  | expected a size from 8m to 1024g, such as 32m, or off, got '1m'",
                "run --recorder-size 1025g  | expected a size from 8m to 1024g, such as 32m, or off, got '1025g'",
                "run --recorder-size big | got 'big'",
                "version now             | Unmatched argument at index 1: 'now'",
            })
    void reportsInvalidUsageWithHint(String line, String message) {
        Run run = Run.of(line.isEmpty() ? new String[0] : line.split(" +", -1));

        assertThat(run.status()).as(run.err()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains(message).contains("--help").doesNotContain("\tat ");
    }

    @Test
    void printsVersionsOfAllComponents() {
        Run run = Run.of("version");

        assertThat(run.status()).isZero();
        assertThat(run.out().lines())
                .hasSize(5)
                .allMatch(line -> line.matches("(aioscope|java|kernel|libbpf|libbcc) +\\S.*"));
    }
}
