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
                    value -> value.endsWith("ms") ? null : "'" + value + "' is not a duration"),
            setting("comm", null, true, value -> null),
            setting("metrics-pid", "false", false, value -> null));

    @TempDir
    private Path folder;

    private interface SettingCheck {
        String wrong(String value);
    }

    private static Setting setting(String name, String initial, boolean isList, SettingCheck check) {
        return new Setting(
                name, "X", initial, isList, false, false, "", value -> Optional.ofNullable(check.wrong(value)));
    }

    private Map<String, SettingValue> read(String text, Map<String, String> environment) throws IOException {
        return SettingSources.read(
                KNOWN,
                name -> name.equals("slow-thresold") ? "slow-threshold" : "",
                Files.writeString(folder.resolve("a"), text),
                environment);
    }

    private List<String> mistakes(String text) {
        return mistakes(text, Map.of());
    }

    private List<String> mistakes(String text, Map<String, String> environment) {
        try {
            read(text, environment);
            return List.of();
        } catch (SettingsException e) {
            return e.mistakes().stream()
                    .map(mistake -> mistake.toString().replace(folder + "/", ""))
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aValueIsWhatIsWrittenWithTheLineWhereItStands() throws IOException {
        Map<String, SettingValue> given =
                read("# a comment\n\nslow-threshold: 250ms\ncomm: [a, 'b c']\nmetrics-pid: true\n", Map.of());

        assertThat(given)
                .containsEntry("slow-threshold", new SettingValue("250ms", Origin.FILE, folder.resolve("a") + ":3"))
                .containsEntry("comm", new SettingValue("a,b c", Origin.FILE, folder.resolve("a") + ":4"))
                .containsEntry("metrics-pid", new SettingValue("true", Origin.FILE, folder.resolve("a") + ":5"));
    }

    @Test
    void theEnvironmentWinsOverTheFile() throws IOException {
        Map<String, SettingValue> given =
                read("slow-threshold: 250ms\n", Map.of("AIOSCOPE_SLOW_THRESHOLD", "1ms", "AIOSCOPE_PORT", "tcp://1"));

        assertThat(given)
                .containsOnly(Map.entry(
                        "slow-threshold", new SettingValue("1ms", Origin.ENVIRONMENT, "AIOSCOPE_SLOW_THRESHOLD")));
    }

    @Test
    void anEmptyFileAndOneOfCommentsSetNothing() throws IOException {
        assertThat(read("", Map.of())).isEmpty();
        assertThat(read("# slow-threshold: 1ms\n\n  # comm: a\n", Map.of())).isEmpty();
        assertThat(SettingSources.sayAnything(folder.resolve("a"), Map.of("OTEL_X", "1")))
                .isFalse();
        assertThat(SettingSources.sayAnything(folder.resolve("a"), Map.of("AIOSCOPE_SLOW_THRESHOLD", "1ms")))
                .isTrue();
        assertThat(SettingSources.sayAnything(folder.resolve("none"), Map.of())).isTrue();
    }

    @Test
    void allMistakesAreToldAtOnceEachWithItsLineAndACure() {
        assertThat(
                        mistakes(
                                "slow-threshold: soon\nslow-thresold: 1ms\nMetrics_PID: true\ncomm: a,b\ncomm: x\n\notel.exporter: otlp\nnew: 1\n"))
                .containsExactly(
                        "a:5: comm: is set in line 4 already (hint: keep one of the two)",
                        "a:1: slow-threshold: 'soon' is not a duration (hint: correct it, or remove it for the default 100ms)",
                        "a:2: slow-thresold: there is no such setting (hint: did you mean slow-threshold?)",
                        "a:3: Metrics_PID: there is no such setting (hint: write metrics-pid)",
                        "a:7: otel.exporter: there is no such setting (hint: set the OTEL_ variables of OpenTelemetry in"
                                + " the environment)",
                        "a:8: new: there is no such setting (hint: aioscope config show --effective lists all)");
    }

    @Test
    void aWrongVariableIsToldByItsName() {
        assertThat(mistakes("slow-threshold: soon", Map.of("AIOSCOPE_SLOW_THRESHOLD", "later")))
                .containsExactly(
                        "a:1: slow-threshold: 'soon' is not a duration (hint: correct it, or remove it for the default 100ms)",
                        "AIOSCOPE_SLOW_THRESHOLD: slow-threshold: 'later' is not a duration (hint: correct it, or remove it for the default"
                                + " 100ms)");
    }

    @Test
    void whatIsNoSettingIsToldWithItsLine() {
        assertThat(mistakes("slow 1ms")).singleElement().asString().startsWith("a:1: there is no setting here");
        assertThat(mistakes("slow-threshold: 1ms\n\tcomm: a"))
                .singleElement()
                .asString()
                .startsWith("a:2: not YAML: ");
        assertThat(mistakes("slow-threshold: {a: b}"))
                .singleElement()
                .asString()
                .startsWith("a:1: slow-threshold: has settings of its own");
        assertThat(mistakes("slow-threshold: [1ms]"))
                .singleElement()
                .asString()
                .startsWith("a:1: slow-threshold: takes one value");
        assertThat(mistakes("slow-threshold:"))
                .singleElement()
                .asString()
                .startsWith("a:1: slow-threshold: has no value");
        assertThat(mistakes("comm: [a, [b]]")).singleElement().asString().startsWith("a:1: comm: a value of the list");
        assertThat(mistakes("comm:\n- a\n- b,c")).singleElement().asString().startsWith("a:3: comm: 'b,c' has a comma");
        assertThat(mistakes("? [a]\n: b")).singleElement().asString().startsWith("a: not YAML: ");
        assertThat(mistakes("a: &x [*x]")).isNotEmpty();
    }

    /** As a file system can leave behind that lost its power. */
    @Test
    void whatIsNoTextIsToldWithItsLineHoweverLongTheFile() {
        String text = "slow-threshold: 1ms\n# \uD83D\uDE00\n" + "#\n".repeat(5000);
        assertThat(mistakes(text + "comm: a\0"))
                .singleElement()
                .asString()
                .startsWith("a:5003: not YAML: a character that is no text, U+0000");
        assertThat(mistakes("\0".repeat(100))).singleElement().asString().startsWith("a:1: not YAML: ");
    }

    @Test
    void aFileThatCannotBeReadIsToldWithTheCause() throws IOException {
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", folder.resolve("none"), Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("none: there is no such file (hint: ");
        Path binary = Files.write(folder.resolve("b"), new byte[] {'a', (byte) 0xff, ':'});
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", binary, Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("it is not UTF-8");
        Path large = Files.writeString(folder.resolve("c"), "#".repeat((1 << 20) + 1));
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", large, Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("more than 1 MiB");
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", folder, Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("it is a folder");
        assertThatThrownBy(() -> SettingSources.read(KNOWN, name -> "", Path.of("/dev/zero"), Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("more than 1 MiB");
    }

    /** As in {@code helm template … | aioscope config check /dev/stdin}: it can be read once. */
    @Test
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    void aPipeIsRead() throws IOException {
        Path pipe = folder.resolve("pipe");
        Process writer = new ProcessBuilder(
                        "sh", "-c", "mkfifo $0 && echo made && echo 'slow-threshold: 250ms' >$0", "" + pipe)
                .start();
        assertThat(writer.inputReader().readLine()).isEqualTo("made");

        assertThat(SettingSources.sayAnything(pipe, Map.of())).isTrue();
        assertThat(SettingSources.read(KNOWN, name -> "", pipe, Map.of()))
                .containsOnly(Map.entry("slow-threshold", new SettingValue("250ms", Origin.FILE, pipe + ":1")));
    }

    @Test
    void whateverStandsInTheFileIsReadOrTold() {
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
