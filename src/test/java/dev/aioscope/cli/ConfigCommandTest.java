package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.config.Setting;
import dev.aioscope.telemetry.OtelVariables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigCommandTest {
    @TempDir
    private Path directory;

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("aioscope.yaml"), text);
    }

    @Test
    void acceptsValidFile() throws IOException {
        Path file = file("slow-threshold: 1s\nstacks: false\npid: [1, 2]\nlisten: :1\nring-size: 256k\n");
        Run run = Run.of("config", "check", file.toString());

        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out()).isEqualTo(file + ": valid, 5 set\n");
    }

    @Test
    void findsNoSettingInDefaultFile() {
        Run run = Run.of("config", "check", "agent/aioscope.yaml");

        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).isEqualTo("agent/aioscope.yaml: valid, all settings have their defaults\n");
    }

    @Test
    void reportsEachErrorOnOneLine() throws IOException {
        Path file = file("""
                slow-threshold: 1
                sampling-ratio: 2
                metrics-series: 0
                tier: best
                stacks: maybe
                ring-size: 5k
                max-calls: x
                pid: [1, a]
                stack: true
                """);
        Run run = Run.of("config", "check", file.toString());

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().replace(file.toString(), "F").lines())
                .containsExactly(
                        "F:1: slow-threshold: expected a duration such as 500ms, 10s, 5m or 1h, got '1' (hint: correct it,"
                                + " or remove it to use the default 100ms)",
                        "F:2: sampling-ratio: expected a ratio from 0 to 1, got '2' (hint: correct it, or remove it to use"
                                + " the default 0.01)",
                        "F:3: metrics-series: expected an integer from 1 to 1000, got '0' (hint: correct it, or remove it"
                                + " to use the default 20)",
                        "F:4: tier: expected one of [auto, full, syscall, sample, proc] (case-insensitive) but was 'best'"
                                + " (hint: correct it, or remove it to use the default auto)",
                        "F:5: stacks: expected true or false, got 'maybe' (hint: correct it, or remove it to use the"
                                + " default false)",
                        "F:6: ring-size: expected a power of two from 4k to 64m, such as 256k, got '5k' (hint: correct it,"
                                + " or remove it to use the default 1m)",
                        "F:7: max-calls: expected an integer from 64 to 1048576, got 'x' (hint: correct it, or remove it"
                                + " to use the default 16384)",
                        "F:8: pid: expected a process ID, got 'a' (hint: correct or remove it)",
                        "F:9: stack: unknown setting (hint: did you mean stacks?)");
    }

    @Test
    void checksFilesThatSettingsName() throws IOException {
        Run alone = Run.of("config", "check", file("tls-key: /none").toString());
        assertThat(alone.status()).isEqualTo(2);
        assertThat(alone.err()).contains("--tls-certificate and --tls-key require each other");

        Run missing = Run.of("config", "check", file("auth-file: /none").toString());
        assertThat(missing.status()).isEqualTo(2);
        assertThat(missing.err()).contains("cannot read /none");
    }

    @Test
    void rejectsMissingFile() {
        for (String[] command : new String[][] {
            {"config", "check", "/none"},
            {"config", "show", "--config", "/none"},
            {"run", "--config=/none"},
            {"contexts", "--config=/none"},
            {"trace", "--config", "/none"}
        }) {
            Run run = Run.of(command);
            assertThat(run.status()).as(run.err()).isEqualTo(2);
            assertThat(run.err()).startsWith("/none: cannot read: no such file (hint: ");
        }
    }

    @Test
    void showsHelpDespiteInvalidFile() throws IOException {
        assertThat(Run.of("run", "--config", file("x: y").toString(), "--help").status())
                .isZero();
    }

    @Test
    void showsSettingsAndOnRequestDefaults() throws IOException {
        Path file = file("slow-threshold: 1s\nhide-arguments: true\n");
        Run set = Run.of("config", "show", "--config", file.toString());
        Run all = Run.of("config", "show", "--effective", "--config", file.toString());

        assertThat(set.out().lines().filter(line -> !line.startsWith("OTEL_")))
                .hasSize(3)
                .anyMatch(line -> line.matches("slow-threshold +1s +" + file + ":1"));
        assertThat(all.out().lines()).anyMatch(line -> line.matches("sampling-ratio +0.01 +default"));
        assertThat(all.out().lines().filter(line -> !line.startsWith("OTEL_")))
                .hasSize(RunCommand.SETTINGS.all().size() + 1);
    }

    @Test
    void masksSecretsInVariables() {
        assertThat(OtelVariables.masked(Map.of(
                        "OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20c2VjcmV0,x=y",
                        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://me:secret@host:4318/v1",
                        "OTEL_SERVICE_NAME", "a",
                        "PASSWORD", "secret")))
                .containsOnly(
                        Map.entry("OTEL_EXPORTER_OTLP_HEADERS", "authorization=***,x=***"),
                        Map.entry("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://host:4318/v1"),
                        Map.entry("OTEL_SERVICE_NAME", "a"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            authorization=Basic YTo+Pg==             | authorization=***
            x-api-key=s3c,r3t                        | ***
            x-api-key=s3c,r3t=x,y                    | ***
            x-api-key:s3cr3t                         | ***
            x-api-key=s3c=r3t                        | ***
            s3cr3t                                   | ***
            """)
    void masksHeadersWholeWhenTheirNamesAreUncertain(String headers, String shown) {
        assertThat(OtelVariables.masked(Map.of("OTEL_EXPORTER_OTLP_METRICS_HEADERS", headers)))
                .containsEntry("OTEL_EXPORTER_OTLP_METRICS_HEADERS", shown);
    }

    @ParameterizedTest
    @CsvSource({
        "http://me:s3cr@et@host:4318/v1, http://host:4318/v1",
        "http://me:s3cr/et@host:4318, http://host:4318",
        "http://host/a@b, http://host/a@b"
    })
    void masksPasswordWithAnyCharacter(String endpoint, String shown) {
        assertThat(OtelVariables.masked(Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)))
                .containsEntry("OTEL_EXPORTER_OTLP_ENDPOINT", shown);
    }

    @Test
    void prefersFlagsToFileAlsoToDisableSetting() throws IOException {
        Path file = file("slow-threshold: 1s\nsampling-ratio: 0.5\nallow-syscall-tier: true\nmetrics-pid: true\n");
        RunCommand daemon = RunCommand.SETTINGS
                .parse(List.of(
                        "--config", file.toString(), "--slow-threshold=2s", "--allow-syscall-tier=false", "--stacks"))
                .getCommand();

        Map<String, String> values = new HashMap<>();
        daemon.configuration()
                .settings()
                .forEach((setting, given) -> values.put(setting.name(), given.value() + " " + given.where()));
        assertThat(values)
                .containsEntry("slow-threshold", "2s --slow-threshold")
                .containsEntry("sampling-ratio", "0.5 " + file + ":2")
                .containsEntry("allow-syscall-tier", "false --allow-syscall-tier")
                .containsEntry("metrics-pid", "true " + file + ":4")
                .containsEntry("stacks", "true --stacks")
                .containsEntry("scan-interval", "5s default");
    }

    @Test
    void acceptsEveryDefault() {
        for (Setting setting : RunCommand.SETTINGS.all()) {
            if (setting.initial() != null) {
                assertThat(setting.check().apply(setting.initial()))
                        .as(setting.name())
                        .isEqualTo(Optional.empty());
            }
        }
    }
}
