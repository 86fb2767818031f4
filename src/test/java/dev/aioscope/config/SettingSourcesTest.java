package dev.aioscope.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.config.SettingValue.Origin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

class SettingSourcesTest {
    private static final List<Setting> KNOWN = List.of(
            setting(
                    "slow-threshold",
                    "100ms",
                    false,
                    value -> value.endsWith("ms") ? null : "expected a duration, got '" + value + "'"),
            setting("comm", null, true, value -> null),
            setting("metrics-pid", "false", false, value -> null));

    @TempDir
    private Path directory;

    private interface SettingCheck {
        String error(String value);
    }

    private static Setting setting(String name, String initial, boolean isList, SettingCheck check) {
        return new Setting(
                name, "X", initial, isList, false, false, "", value -> Optional.ofNullable(check.error(value)));
    }

    private Map<String, SettingValue> read(String text, Map<String, String> environment) throws IOException {
        return SettingSources.read(
                KNOWN,
                name -> name.equals("slow-thresold") ? "slow-threshold" : "",
                Files.writeString(directory.resolve("a"), text),
                environment);
    }

    private List<String> errors(String text) {
        return errors(text, Map.of());
    }

    private List<String> errors(String text, Map<String, String> environment) {
        try {
            read(text, environment);
            return List.of();
        } catch (SettingsException e) {
            return e.errors().stream()
                    .map(error -> error.toString().replace(directory + "/", ""))
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void readsValuesWithTheirLines() throws IOException {
        Map<String, SettingValue> values =
                read("# a comment\n\nslow-threshold: 250ms\ncomm: [a, 'b c']\nmetrics-pid: true\n", Map.of());

        assertThat(values)
                .containsEntry("slow-threshold", new SettingValue("250ms", Origin.FILE, directory.resolve("a") + ":3"))
                .containsEntry("comm", new SettingValue("a,b c", Origin.FILE, directory.resolve("a") + ":4"))
                .containsEntry("metrics-pid", new SettingValue("true", Origin.FILE, directory.resolve("a") + ":5"));
    }

    @Test
    void prefersEnvironmentToFile() throws IOException {
        Map<String, SettingValue> values =
                read("slow-threshold: 250ms\n", Map.of("AIOSCOPE_SLOW_THRESHOLD", "1ms", "AIOSCOPE_PORT", "tcp://1"));

        assertThat(values)
                .containsOnly(Map.entry(
                        "slow-threshold", new SettingValue("1ms", Origin.ENVIRONMENT, "AIOSCOPE_SLOW_THRESHOLD")));
    }

    @Test
    void readsNothingFromEmptyFileAndComments() throws IOException {
        assertThat(read("", Map.of())).isEmpty();
        assertThat(read("# slow-threshold: 1ms\n\n  # comm: a\n", Map.of())).isEmpty();
        assertThat(SettingSources.mayContainSettings(directory.resolve("a"), Map.of("OTEL_X", "1")))
                .isFalse();
        assertThat(SettingSources.mayContainSettings(directory.resolve("a"), Map.of("AIOSCOPE_SLOW_THRESHOLD", "1ms")))
                .isTrue();
        assertThat(SettingSources.mayContainSettings(directory.resolve("none"), Map.of()))
                .isTrue();
    }

    @Test
    void reportsAllErrorsWithLinesAndHints() {
        assertThat(
                        errors(
                                "slow-threshold: soon\nslow-thresold: 1ms\nMetrics_PID: true\ncomm: a,b\ncomm: x\n\notel.exporter: otlp\nnew: 1\n"))
                .containsExactly(
                        "a:5: comm: already set in line 4 (hint: keep one of them)",
                        "a:1: slow-threshold: expected a duration, got 'soon' (hint: correct it, or remove it to use the default 100ms)",
                        "a:2: slow-thresold: unknown setting (hint: did you mean slow-threshold?)",
                        "a:3: Metrics_PID: unknown setting (hint: write metrics-pid)",
                        "a:7: otel.exporter: unknown setting (hint: set the OTEL_ variables of OpenTelemetry in"
                                + " the environment)",
                        "a:8: new: unknown setting (hint: aioscope config show --effective lists all settings)");
    }

    @Test
    void namesVariableOfInvalidValue() {
        assertThat(errors("slow-threshold: soon", Map.of("AIOSCOPE_SLOW_THRESHOLD", "later")))
                .containsExactly(
                        "a:1: slow-threshold: expected a duration, got 'soon' (hint: correct it, or remove it to use the default 100ms)",
                        "AIOSCOPE_SLOW_THRESHOLD: slow-threshold: expected a duration, got 'later' (hint: correct it, or"
                                + " remove it to use the default 100ms)");
    }

    @Test
    void reportsLineOfInvalidSetting() {
        assertThat(errors("slow 1ms")).singleElement().asString().startsWith("a:1: expected `name: value`");
        assertThat(errors("slow-threshold: 1ms\n\tcomm: a"))
                .singleElement()
                .asString()
                .startsWith("a:2: invalid YAML: ");
        assertThat(errors("slow-threshold: {a: b}"))
                .singleElement()
                .asString()
                .startsWith("a:1: slow-threshold: expected a value, got a mapping");
        assertThat(errors("slow-threshold: [1ms]"))
                .singleElement()
                .asString()
                .startsWith("a:1: slow-threshold: expected one value, got a list");
        assertThat(errors("slow-threshold:"))
                .singleElement()
                .asString()
                .startsWith("a:1: slow-threshold: expected a value");
        assertThat(errors("comm: [a, [b]]"))
                .singleElement()
                .asString()
                .startsWith("a:1: comm: expected a list of words");
        assertThat(errors("comm:\n- a\n- b,c"))
                .singleElement()
                .asString()
                .startsWith("a:3: comm: unexpected comma in 'b,c'");
        assertThat(errors("? [a]\n: b")).singleElement().asString().startsWith("a: invalid YAML: ");
        assertThat(errors("a: &x [*x]")).isNotEmpty();
    }

    /** A power failure can leave zeros in a file. */
    @Test
    void reportsLineOfControlCharacterInLongFile() {
        String text = "slow-threshold: 1ms\n# \uD83D\uDE00\n" + "#\n".repeat(5000);
        assertThat(errors(text + "comm: a\0"))
                .singleElement()
                .asString()
                .startsWith("a:5003: invalid YAML: control character U+0000");
        assertThat(errors("\0".repeat(100))).singleElement().asString().startsWith("a:1: invalid YAML: ");
    }

    @Test
    void reportsReasonForUnreadableFile() throws IOException {
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", directory.resolve("none"), Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("none: cannot read: no such file (hint: ");
        Path binary = Files.write(directory.resolve("b"), new byte[] {'a', (byte) 0xff, ':'});
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", binary, Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("cannot read: not UTF-8");
        Path large = Files.writeString(directory.resolve("c"), "#".repeat((1 << 20) + 1));
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", large, Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("larger than 1 MiB");
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", directory, Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("cannot read: is a directory");
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", Path.of("/dev/zero"), Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("larger than 1 MiB");
    }

    /** As in {@code helm template … | aioscope config check /dev/stdin}: a pipe can be read only once. */
    @Test
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    void readsPipe() throws IOException {
        Path pipe = directory.resolve("pipe");
        Process writer = new ProcessBuilder(
                        "sh", "-c", "mkfifo $0 && echo made && echo 'slow-threshold: 250ms' >$0", "" + pipe)
                .start();
        assertThat(writer.inputReader().readLine()).isEqualTo("made");

        assertThat(SettingSources.mayContainSettings(pipe, Map.of())).isTrue();
        assertThat(SettingSources.read(KNOWN, name -> "", pipe, Map.of()))
                .containsOnly(Map.entry("slow-threshold", new SettingValue("250ms", Origin.FILE, pipe + ":1")));
    }

    @Test
    void neverThrowsForAnyText() {
        String whole = "slow-threshold: 250ms # why\ncomm: [a, 'b c']\nmetrics-pid: true\nx: &y {a: *y}\n- |\n  b\n";
        for (int seed = 0; seed < 5_000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder(whole);
            for (int i = random.nextInt(8); i >= 0; i--) {
                int at = random.nextInt(text.append(' ').length());
                switch (random.nextInt(3)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 ->
                        text.insert(at, ":-[]{}&*!|>'\"%@`\t\n #?,~\u0000\u2028\ud800".charAt(random.nextInt(25)));
                    default -> text.setLength(Math.max(1, at));
                }
            }
            assertThatCode(() -> SettingsFile.parse(Path.of("a"), text.toString()))
                    .as("seed %d: %s", seed, text)
                    .doesNotThrowAnyException();
        }
    }
}
