package dev.aioscope.dashboards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Prometheus' own checker of rules and their tests. */
public final class Promtool {
    static final Path FOLDER = Path.of("dashboards/prometheus");

    /** Version 2. */
    static final Path OF_DEBIAN = Path.of("/usr/bin/promtool");

    private Promtool() {}

    /** The arguments of each check. */
    public static Stream<String> commands() {
        return Stream.of(
                "check rules aioscope.rules.yml",
                "test rules aioscope.test.yml aioscope.days.test.yml",
                "check config prometheus.yml");
    }

    /**
     * Runs a check, which must succeed.
     *
     * @param folder for the output
     */
    public static void run(Path program, String command, Path folder) throws Exception {
        Path output = folder.resolve("output");
        Process promtool = new ProcessBuilder(
                        Stream.concat(Stream.of(program.toString()), List.of(command.split(" ", -1)).stream())
                                .toList())
                .directory(FOLDER.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(promtool.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(promtool.exitValue()).as(Files.readString(output)).isZero();
    }
}
