package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code agent/aioscope} and its class archive. */
class LauncherIT {
    private static final String FROM_ARCHIVE = " source: shared objects file";

    @BeforeAll
    static void prepare() throws Exception {
        AioWork.compile();
        launch(List.of("--version")); // creates the archive unless it exists
    }

    private static String launch(List<String> arguments, String... environment) throws IOException {
        List<String> command = new ArrayList<>(List.of("env"));
        command.addAll(List.of(environment));
        command.add("agent/aioscope");
        command.addAll(arguments);
        return Commands.run(command.toArray(String[]::new));
    }

    @Test
    void startsCommandsFromArchive(@TempDir Path folder) throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "1", "--wait")) {
            work.await("aio_nr");
            launch(List.of("contexts"), "JAVA_TOOL_OPTIONS=-Xlog:class+load:file=" + folder.resolve("%p.log"));
        }
        List<String> loaded = new ArrayList<>();
        try (Stream<Path> logs = Files.list(folder)) {
            for (Path log : logs.toList()) {
                loaded.addAll(Files.readAllLines(log));
            }
        }
        assertThat(loaded).anyMatch(line -> line.contains("dev.aioscope.cli.ContextsCommand" + FROM_ARCHIVE));
    }

    /** The archive fits one of these versions; the others ignore it. */
    @ParameterizedTest
    @MethodSource("dev.aioscope.guest.JavaVersionsIT#javas")
    void ignoresArchiveSilentlyOnOtherJava(Path home) throws IOException {
        assertThat(launch(List.of("--version"), "PATH=" + home.resolve("bin") + ":" + System.getenv("PATH")))
                .matches("aioscope \\S+\n");
    }
}
