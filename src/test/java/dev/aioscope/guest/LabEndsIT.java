package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;

/** {@code packaging/lab/lab} is told to end by {@code timeout}, which tells all that it has started as well. */
class LabEndsIT {
    private static final String KERNEL = "6.1";

    @BeforeAll
    static void fetch() throws IOException {
        Command.run("packaging/lab/lab", "fetch", KERNEL);
    }

    /** Ten times, as it is a matter of chance which process ends first. */
    @RepeatedTest(10)
    void atOnceAndLeavesNothing(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("output");
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        String[] lab = {"packaging/lab/lab", "run", KERNEL, "--timeout", "200", "--", "sleep", "200"};
        String[] command = Stream.concat(
                        Stream.of("env", "TMPDIR=" + temporary, "timeout", "--kill-after=60", "200"), Stream.of(lab))
                .toArray(String[]::new);
        Process timeout = Command.start(output, command);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (names(temporary).stream().noneMatch(name -> name.endsWith("/console"))) { // QEMU makes it
            assertThat(System.nanoTime()).as(Files.readString(output)).isLessThan(deadline);
            Command.pause();
        }
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
