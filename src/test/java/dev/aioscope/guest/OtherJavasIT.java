package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The jar runs on every Java of this machine from 17 on, without a warning: newer ones ask leave for native calls. */
class OtherJavasIT {
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
            throw new IllegalStateException(home + " is no Java", e);
        }
    }

    @ParameterizedTest
    @MethodSource("javas")
    void theJarRunsOnIt(Path home) throws IOException {
        Command demo =
                Command.runs(home.resolve("bin/java").toString(), "-jar", "target/aioscope.jar", "demo", "--watch");

        assertThat(demo.output()).contains("Everything that was done was seen.").doesNotContain("WARNING");
        assertThat(demo.status()).isZero();
    }
}
