package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;

/** {@code timeout} terminates {@code packaging/lab/lab} and all processes that it started. */
class LabShutdownIT {
    private static final String KERNEL = "6.1";

    @BeforeAll
    static void fetch() throws IOException {
        Commands.run("packaging/lab/lab", "fetch", KERNEL);
    }

    /** Ten times, because the order in which the processes exit varies. */
    @RepeatedTest(10)
    void stopsAtOnceAndLeavesNoFiles(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("output");
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        String[] lab = {"packaging/lab/lab", "run", KERNEL, "--timeout", "200", "--", "sleep", "200"};
        String[] command = Stream.concat(
                        Stream.of("env", "TMPDIR=" + temporary, "timeout", "--kill-after=60", "200"), Stream.of(lab))
                .toArray(String[]::new);
        Process timeout = Commands.start(output, command);
        Await.value(
                "the console of QEMU in " + output,
                () -> names(temporary),
                names -> names.stream().anyMatch(name -> name.endsWith("/console")));
        timeout.destroy();

        assertThat(timeout.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(names(temporary)).isEmpty();
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder, 2)) {
            return files.skip(1).map(Path::toString).toList();
        }
    }
}
