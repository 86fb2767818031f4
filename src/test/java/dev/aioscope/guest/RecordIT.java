package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

    private List<Path> files(String prefix) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .toList();
        }
    }

    @Test
    void replaysWhatItRecorded() throws Exception {
        Path file = folder.resolve("host.aioscope");
        Path output = folder.resolve("record.log");
        Process record = Commands.start(output, Aioscope.command("record", file.toString(), "--tier", "syscall"));
        Commands.awaitText(record, output, "Tier syscall");
        try (AioWork work = AioWork.start("destroy", "--wait")) {
            work.await("ready");
            work.proceed();
            work.finish();
            // The last second is on disk when the command exits.
            Commands.stop(record, "TERM", 143, output);
            Commands.awaitText(record, output, " records in " + file);

            CommandResult replay = Commands.execute(Aioscope.command("replay", file.toString(), "trace", "--json"));
            assertThat(replay.status()).as(replay.output()).isZero();
            assertThat(replay.output().lines().filter(line -> line.contains("\"pid\":" + work.pid())))
                    .as(replay.output())
                    .singleElement()
                    .asString()
                    .contains("\"trigger\":\"destroy\"");
            assertThat(replay.output()).contains("Linux " + Host.release() + ", tier syscall");
        }
        CommandResult again = Commands.execute(Aioscope.command("record", file.toString(), "--tier", "syscall"));
        assertThat(again.status()).isEqualTo(2);
        assertThat(again.output()).contains("cannot create " + file + ": it exists");
        Path nowhere = folder.resolve("none/file");
        CommandResult lost = Commands.execute(Aioscope.command("record", nowhere.toString(), "--tier", "syscall"));
        assertThat(lost.status()).isEqualTo(2);
        assertThat(lost.output()).contains("cannot create " + nowhere + ": no directory " + nowhere.getParent());
    }

    @Test
    void writesSnapshotOnRefusal() throws Exception {
        long tooMuch = Host.aioMaxNr().orElseThrow().longValueExact() + 1;
        Path output = folder.resolve("run.log");
        // Its own lock file, because other daemons may run on this host.
        Process run = Commands.start(
                output,
                Map.of("RUNTIME_DIRECTORY", folder.resolve("run").toString()),
                Aioscope.command(
                        "run",
                        "--tier",
                        "syscall",
                        "--listen",
                        "off",
                        "--recorder-directory",
                        folder.toString(),
                        "--recorder-size",
                        "8m"));
        Commands.awaitText(run, output, " started: ");
        try (AioWork refused = AioWork.start("persist", "--charge", "" + tooMuch)) {
            refused.await("refused");
            String snapshot = Await.value("a snapshot", () -> files("snapshot-"), files -> !files.isEmpty())
                    .get(0)
                    .toString();
            assertThat(snapshot).endsWith("-refusal.aioscope");
            CommandResult replay = Commands.execute(Aioscope.command("replay", snapshot, "trace", "--json"));
            assertThat(replay.status()).as(replay.output()).isZero();
            assertThat(replay.output().lines().filter(line -> line.contains("\"type\":\"refusal\"")))
                    .anyMatch(line -> line.contains("\"pid\":" + refused.pid()));
        }
        Commands.stop(run, "TERM", 0, output);
        assertThat(files("ring-")).isNotEmpty();
    }
}
