package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.host.By;
import dev.aioscope.host.Identity;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Snapshot;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.telemetry.WallClock;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What scripts can rely on. */
class HoldersTest {
    private static final WallClock CLOCK = new WallClock(() -> 0, () -> Instant.EPOCH);
    private static final Task MYSQLD = new Task(100, 101, "mysqld", 1, 0);
    private static final Task UNKNOWN = new Task(7, 7, "gone", 1, 0);

    private static Holders holders() {
        return new Holders(
                new Snapshot(
                        List.of(
                                new LiveContext(MYSQLD, null, 1, 0x1000, 2816, 3000, 1, null),
                                new LiveContext(MYSQLD, null, 1, 0x2000, 100, 200, 0, 4),
                                new LiveContext(UNKNOWN, null, 2, 0x1000, 5, 10, 0, 0)),
                        0,
                        2921L,
                        65536L),
                task -> true,
                (task, mm, mayLook) -> task.equals(MYSQLD)
                        ? new Identity(
                                "/usr/sbin/mysqld", List.of("mysqld", "--x"), false, "mysql", "/system.slice/a.service")
                        : Identity.UNKNOWN,
                CLOCK);
    }

    private static String header(List<String> lines) {
        return lines.get(0).strip().replaceAll(" {2,}", " ");
    }

    private static List<String> documented() {
        return Run.of("contexts", "--help")
                .out()
                .lines()
                .filter(line -> line.contains("  CHARGE ") && line.contains(" OUT "))
                .map(line -> line.substring(line.indexOf("CHARGE")))
                .toList();
    }

    @Test
    void theColumnsAreThoseOfTheHelp() {
        List<String> documented = documented();
        assertThat(documented).hasSize(3);
        assertThat(header(holders().text(By.PROCESS, Screen.FILE))).isEqualTo(documented.get(0));
        for (By by : List.of(By.CONTAINER, By.CGROUP, By.USER)) {
            assertThat(header(holders().text(by, Screen.FILE)))
                    .isEqualTo(documented.get(1).replace("CONTAINER|CGROUP|USER", by.name()));
        }
        assertThat(header(holders().textOfAll(Screen.FILE))).isEqualTo(documented.get(2));
    }

    @Test
    void whoIsNotKnownStillHasALine() {
        assertThat(holders().text(By.PROCESS, Screen.FILE).stream().map(line -> line.replaceAll(" {2,}", "|")))
                .contains("|2916|4.4%|2|1|4|100|mysql|systemd:a.service|mysqld --x", "|5|0.0%|1|0|0|7|–|–|[gone]");
    }

    @ParameterizedTest
    @CsvSource({"--by,nobody", "--watch,never", "--pid,mysqld"})
    void wrongUsageIsTwo(String option, String value) {
        Run run = Run.of("contexts", option, value);

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).contains("'" + value + "'").doesNotContain("\tat ");
        assertThat(run.out()).isEmpty();
    }
}
