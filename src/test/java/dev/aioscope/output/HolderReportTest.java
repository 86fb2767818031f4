package dev.aioscope.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.cli.Run;
import dev.aioscope.host.GroupBy;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The columns, sums and gaps of {@code contexts}. */
class HolderReportTest {
    private static final WallClock CLOCK = new WallClock(() -> 0, () -> Instant.EPOCH);
    private static final Task MYSQLD = new Task(100, 101, "mysqld", 1, 0);
    private static final Task UNKNOWN = new Task(7, 7, "gone", 1, 0);

    private static HolderReport holders() {
        return new HolderReport(
                new Inventory(
                        Tier.SAMPLE,
                        List.of(
                                new LiveContext(MYSQLD, null, 1, 0x1000, 2816, 3000, 1, null),
                                new LiveContext(MYSQLD, null, 1, 0x2000, 100, 200, 0, 4),
                                new LiveContext(UNKNOWN, null, 2, 0x1000, 5, 10, 0, 0)),
                        0,
                        ScanGaps.NONE,
                        Quotas.of(2921L, 65536L)),
                task -> true,
                (task, mm) -> task.equals(MYSQLD)
                        ? new Identity(
                                null,
                                "/usr/sbin/mysqld",
                                List.of("mysqld", "--x"),
                                false,
                                "mysql",
                                null,
                                "/system.slice/a.service",
                                Namespaces.HOST)
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
    void columnsMatchHelp() {
        List<String> documented = documented();
        assertThat(documented).hasSize(3);
        assertThat(header(holders().text(GroupBy.PROCESS, Screen.FILE))).isEqualTo(documented.get(0));
        for (GroupBy groupBy : List.of(GroupBy.CONTAINER, GroupBy.CGROUP, GroupBy.USER)) {
            assertThat(header(holders().text(groupBy, Screen.FILE)))
                    .isEqualTo(documented.get(1).replace("CONTAINER|CGROUP|USER", groupBy.name()));
        }
        assertThat(header(holders().textOfAll(Screen.FILE))).isEqualTo(documented.get(2));
    }

    @Test
    void printsUnknownProcess() {
        assertThat(holders().text(GroupBy.PROCESS, Screen.FILE).stream().map(line -> line.replaceAll(" {2,}", "|")))
                .contains(
                        "|2916|4.4%|3200|2|1|4|100|mysql|systemd:a.service|mysqld --x",
                        "|5|0.0%|10|1|0|0|7|–|–|[gone]");
    }

    @Test
    void showsQuotaThatCannotRunOutAsNoLimit() {
        LiveContext context = new LiveContext(MYSQLD, null, 1, 0x1000, 2816, 3000, 1, null);
        Inventory inventory = new Inventory(
                Tier.SAMPLE,
                List.of(context),
                0,
                ScanGaps.NONE,
                Quotas.of(2816, new BigInteger("18446744073709551615")));
        HolderReport holders = new HolderReport(inventory, task -> true, Identities.NONE, CLOCK);

        assertThat(holders.text(GroupBy.PROCESS, Screen.FILE))
                .contains("fs.aio-nr 2816 of 18446744073709551615 (0.0%), no limit");
        assertThat(holders.json(GroupBy.PROCESS).get(1))
                .contains("\"aio_nr\":2816,\"aio_max_nr\":18446744073709551615,\"headroom\":18446744073709548799,");
    }

    @Test
    void omitsAndExplainsWhatTierProcCannotObserve() {
        Inventory snapshot = new Inventory(
                Tier.PROC,
                List.of(new LiveContext(MYSQLD, null, 1, 0x1000, null, 3000, null, 4)),
                0,
                new ScanGaps(Set.of(11, 12), Set.of(13, 14, 15, 16, 17, 18), ScanGaps.Scope.HOST),
                Quotas.of(2921L, 65536L));
        HolderReport holders = new HolderReport(snapshot, task -> true, (task, mm) -> Identity.UNKNOWN, CLOCK);

        assertThat(holders.text(GroupBy.PROCESS, Screen.FILE).stream().map(line -> line.replaceAll(" {2,}", "|")))
                .contains(
                        "|–|–|3000|1|–|4|100|–|–|[mysqld]",
                        "fs.aio-nr 2921 of 65536 (4.5%), headroom 62615",
                        "1 context in 1 process, charge –, unattributed –",
                        "The tier proc observes neither charges nor outstanding requests; a ring has more slots than"
                                + " its charge",
                        "cannot read 6 processes to the end: 13, 14, 15, 16, 17 …")
                .anyMatch(line -> line.startsWith("cannot read 2 processes"));
        assertThat(holders.json(GroupBy.PROCESS).get(1))
                .contains("\"charge\":null", "\"unattributed\":null", "\"tier\":\"proc\"")
                .contains("\"unreadable_processes\":2", "\"partial_processes\":6");
    }

    @ParameterizedTest
    @CsvSource({"--group-by,nobody", "--watch,never", "--pid,mysqld"})
    void exitsWith2ForInvalidOption(String option, String value) {
        Run run = Run.of("contexts", option, value);

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).contains("'" + value + "'").doesNotContain("\tat ");
        assertThat(run.out()).isEmpty();
    }
}
