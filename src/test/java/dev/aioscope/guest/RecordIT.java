package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code record}, and the flight recorder of {@code run}, in the tier {@code syscall}, on any host. */
class RecordIT {
    @TempDir
    private Path folder;

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    private static void end(Process process, Path output) throws Exception {
        Command.run("kill", "-TERM", "" + process.pid());
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(output)).isEqualTo(143);
        assertThat(Files.readString(output)).doesNotContain("\tat ");
    }

    /** With a lock of its own: other daemons can be there. */
    private static String[] aioscopeIn(Path runtime, String... arguments) {
        return Stream.concat(
                        Stream.of("env", "RUNTIME_DIRECTORY=" + runtime), Arrays.stream(Command.aioscope(arguments)))
                .toArray(String[]::new);
    }

    private List<Path> files(String prefix) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .toList();
        }
    }

    @Test
    void whatIsRecordedIsToldAgain() throws Exception {
        Path file = folder.resolve("host.aioscope");
        Path output = folder.resolve("record.log");
        Process record = Command.start(output, Command.aioscope("record", file.toString(), "--tier", "syscall"));
        Command.awaitText(output, "Tier syscall");
        try (AioWork work = AioWork.start("destroy", "--wait")) {
            work.await("ready");
            work.goOn();
            work.finish();
            // The last second is on the disk when the command ends.
            end(record, output);
            Command.awaitText(output, " records in " + file);

            Command told = Command.runs(Command.aioscope("replay", file.toString(), "trace", "--json"));
            assertThat(told.status()).as(told.output()).isZero();
            assertThat(told.output().lines().filter(line -> line.contains("\"pid\":" + work.pid())))
                    .as(told.output())
                    .singleElement()
                    .asString()
                    .contains("\"trigger\":\"destroy\"");
            assertThat(told.output()).contains("Linux " + Host.release() + ", tier syscall");
        }
        Command again = Command.runs(Command.aioscope("record", file.toString(), "--tier", "syscall"));
        assertThat(again.status()).isEqualTo(2);
        assertThat(again.output()).contains("is there already: take another name");
        Path nowhere = folder.resolve("none/file");
        Command lost = Command.runs(Command.aioscope("record", nowhere.toString(), "--tier", "syscall"));
        assertThat(lost.status()).isEqualTo(2);
        assertThat(lost.output()).contains("there is no folder " + nowhere.getParent() + ": make it");
    }

    @Test
    void aRefusalSetsTheRingAside() throws Exception {
        long tooMuch = Host.aioMaxNr().orElseThrow() + 1;
        Path output = folder.resolve("run.log");
        Process run = Command.start(
                output,
                aioscopeIn(
                        folder.resolve("run"),
                        "run",
                        "--tier",
                        "syscall",
                        "--listen",
                        "off",
                        "--recorder-directory",
                        folder.toString(),
                        "--recorder-size",
                        "8m"));
        Command.awaitText(output, " watches: ");
        try (AioWork refused = AioWork.start("persist", "--charge", "" + tooMuch)) {
            refused.await("refused");
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (files("snapshot-").isEmpty()) {
                assertThat(System.nanoTime()).as(Files.readString(output)).isLessThan(deadline);
                Command.pause();
            }
            String snapshot = files("snapshot-").get(0).toString();
            assertThat(snapshot).endsWith("-refusal.aioscope");
            Command told = Command.runs(Command.aioscope("replay", snapshot, "trace", "--json"));
            assertThat(told.status()).as(told.output()).isZero();
            assertThat(told.output().lines().filter(line -> line.contains("\"type\":\"refusal\"")))
                    .anyMatch(line -> line.contains("\"pid\":" + refused.pid()));
        }
        end(run, output);
        assertThat(files("ring-")).isNotEmpty();
    }
}
