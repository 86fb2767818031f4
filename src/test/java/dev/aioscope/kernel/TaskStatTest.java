package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TaskStatTest {
    /** Of 6.18. */
    private static final String TEXT = "22262 (aiowork) D 22227 22227 9169 0 -1 4194368 1 0 0 0 0 0 0 0 20 0 3 0 129405"
            + " 86503424 398 18446744073709551615 94692144300032 94692144307933 140727474285264 0 0 0 0 6 0 1 0 0 -1 0 0"
            + " 0 0 0 0 94692144315632 94692144316760 94692741267456 140727474289316 140727474289348 140727474289348"
            + " 140727474290663 0";

    @Test
    void parsesStateStartAndMemory() {
        assertThat(TaskStat.parse(TEXT)).contains(new TaskStat("aiowork", 'D', 1_294_050_000_000L, true));
    }

    @Test
    void readsProcessorTime(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("stat");
        Files.writeString(file, TEXT.replace(" 1 0 0 0 0 0 0 0 20 ", " 1 0 0 0 7 5 0 0 20 "));
        assertThat(TaskStat.cpuTicks(file.toString())).contains(new TaskStat.CpuTicks(7, 5));
        assertThat(TaskStat.cpuTicks(folder.resolve("none").toString())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ")", "((", ") R 1 (", "a\nb", "sleep 1) S 1 1 1"})
    void parsesAnyName(String name) {
        assertThat(TaskStat.parse(TEXT.replace("aiowork", name)))
                .contains(new TaskStat(name, 'D', 1_294_050_000_000L, true));
    }

    @Test
    void reportsNoMemoryForExitedTask() {
        assertThat(TaskStat.parse(TEXT.replace(" 86503424 ", " 0 ")))
                .hasValueSatisfying(stat -> assertThat(stat.hasMemory()).isFalse());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "(", ")", ")(", "1 (a) S", "1 (a) DD 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 1"})
    void returnsEmptyForInvalidText(String text) {
        assertThat(TaskStat.parse(text)).isEmpty();
    }

    @Test
    void readsOwnProcess() {
        TaskStat stat = TaskStat.read("/proc/self/stat").orElseThrow();

        assertThat(stat.hasMemory()).isTrue();
        assertThat(stat.start()).isBetween(1L, BootClock.now());
        assertThat(TaskStat.read("/proc/0/stat")).isEmpty();
    }

    @Test
    void neverThrowsForMutatedText() {
        Random random = new Random(4);
        for (int i = 0; i < 100_000; i++) {
            TaskStat.parse(Mutation.of(TEXT, random))
                    .ifPresent(stat -> assertThat(stat.comm()).isNotNull());
        }
    }
}
