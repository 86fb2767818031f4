package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Output does not depend on the language of the user: digits, letters, names of levels, times. */
@Timeout(120)
class LanguageTest {
    private static final String LANGUAGES = """
            -Duser.language=ar -Duser.country=EG
            -Duser.language=tr -Duser.country=TR
            -Duser.language=de -Duser.country=DE
            -Duser.language=en -Duser.extensions=u-nu-deva
            """;

    private static CommandResult run(String language, String... command) throws IOException {
        return Commands.execute(Aioscope.commandOfClasses(List.of(language.split(" ", -1)), command));
    }

    static List<String> languages() {
        return LANGUAGES.lines().toList();
    }

    @ParameterizedTest
    @MethodSource("languages")
    void logsInEnglishWithAsciiDigits(String language, @TempDir Path folder) throws IOException {
        Path file = folder.resolve("aioscope.yaml");
        Files.writeString(file, "listen: 0.0.0.0:9464\n");

        assertThat(run(language, "config", "check", file.toString()).output())
                .matches("(?s)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}[-+][0-9]{4} WARNING Anyone .*: valid, 1 set\n");
    }
}
