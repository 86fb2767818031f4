package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.config.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Compares {@code agent/settings.md} and {@code agent/aioscope.yaml} with the options of the daemon. */
class SettingsDocumentTest {
    private static final Path DOCUMENT = Path.of("agent/settings.md");
    private static final Path FILE = Path.of("agent/aioscope.yaml");
    private static final int WIDTH = 118;

    @Test
    void documentsEverySetting() throws IOException {
        List<String> wanted = RunCommand.SETTINGS.all().stream()
                .map(setting -> "| `%s` | %s | %s | %s | %s | %s |"
                        .formatted(
                                setting.name(),
                                setting.parameter(),
                                setting.initial() == null ? "–" : "`" + setting.initial() + "`",
                                setting.reloads() ? "yes" : "no",
                                setting.isEverywhere() ? "all" : "`run`",
                                setting.meaning()))
                .toList();
        List<String> rows = Files.readAllLines(DOCUMENT).stream()
                .dropWhile(line -> !line.startsWith("| setting |"))
                .takeWhile(line -> line.startsWith("|"))
                .skip(2)
                .toList();

        assertThat(rows).as(String.join("\n", wanted)).containsExactlyElementsOf(wanted);
    }

    @Test
    void hasEverySettingAsCommentInDefaultFile() throws IOException {
        List<String> wanted = new ArrayList<>();
        for (Setting setting : RunCommand.SETTINGS.all()) {
            wanted.add("");
            wrap(setting.meaning(), wanted);
            wrap(
                    (setting.reloads() ? "Reloadable." : "")
                            + (setting.isEverywhere() ? "Applies to every command." : ""),
                    wanted);
            wanted.add(
                    "#" + setting.name() + ": " + (setting.initial() == null ? example(setting) : setting.initial()));
        }
        List<String> lines = Files.readAllLines(FILE).stream()
                .dropWhile(line -> !line.isEmpty())
                .toList();

        assertThat(lines).as(String.join("\n", wanted)).containsExactlyElementsOf(wanted);
    }

    private static String example(Setting setting) {
        return switch (setting.name()) {
            case "pid" -> "[4711]";
            case "comm" -> "[mysqld, postgres]";
            case "exe" -> "[mysqld, /usr/bin/qemu-system-x86_64]";
            case "cgroup" -> "[system.slice/mysql.service]";
            case "tls-certificate" -> "/etc/aioscope/certificate.pem";
            case "tls-key" -> "/etc/aioscope/key.pem";
            case "auth-file" -> "/etc/aioscope/users";
            case "recorder-directory" -> "/var/lib/aioscope";
            default -> throw new AssertionError("no example for " + setting.name());
        };
    }

    private static void wrap(String text, List<String> to) {
        StringBuilder line = new StringBuilder("#");
        for (String word : text.split(" ", -1)) {
            if (line.length() + 1 + word.length() > WIDTH) {
                to.add(line.toString());
                line = new StringBuilder("#");
            }
            line.append(word.isEmpty() ? "" : " " + word);
        }
        if (line.length() > 1) {
            to.add(line.toString());
        }
    }
}
