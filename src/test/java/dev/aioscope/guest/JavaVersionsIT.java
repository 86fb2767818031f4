package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The jar runs on every installed Java from 17 on without a warning; newer versions restrict native calls. */
class JavaVersionsIT {
    private static final Path JAVAS = Path.of("/usr/lib/jvm");

    static List<Path> javas() throws IOException {
        if (!Files.isDirectory(JAVAS)) {
            return List.of(Path.of(System.getProperty("java.home")));
        }
        try (Stream<Path> homes = Files.list(JAVAS)) {
            return homes.filter(home -> !Files.isSymbolicLink(home))
                    .filter(home -> Files.isExecutable(home.resolve("bin/java")) && isSupported(home))
                    .toList();
        }
    }

    private static boolean isSupported(Path home) {
        try {
            return Files.readAllLines(home.resolve("release")).stream()
                    .filter(line -> line.startsWith("JAVA_VERSION="))
                    .map(line -> line.replaceAll("\\D*(\\d+).*", "$1"))
                    .anyMatch(major -> Integer.parseInt(major) >= 17);
        } catch (IOException e) {
            throw new IllegalStateException(home + " is not a Java installation", e);
        }
    }

    @ParameterizedTest
    @MethodSource("javas")
    void runsWithoutWarningOnJava(Path home) throws IOException {
        CommandResult demo =
                Commands.execute(home.resolve("bin/java").toString(), "-jar", "target/aioscope.jar", "demo", "--watch");

        assertThat(demo.output()).contains("Everything was observed.").doesNotContain("WARNING");
        assertThat(demo.status()).isZero();
    }
}
