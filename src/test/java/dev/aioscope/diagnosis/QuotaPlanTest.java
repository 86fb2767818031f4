package dev.aioscope.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.output.PlanReport;
import dev.aioscope.output.Screen;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class QuotaPlanTest {
    private static final String ID = "0123456789ab";
    private static final LimitFile NO_FILE = new LimitFile(null, 0, null, false, null);

    private final List<LiveContext> contexts = new ArrayList<>();

    /** Pids below 10 are mariadbd in a container, below 20 mariadbd outside, others scylla. */
    private final Identities identities = (task, mm) -> task.pid() < 10
            ? identity("/usr/sbin/mariadbd", "/docker/" + ID.repeat(6).substring(0, 64))
            : task.pid() < 20 ? identity("/usr/sbin/mariadbd (deleted)", "/") : identity("/opt/scylla", "/");

    private static Identity identity(String executable, String cgroup) {
        return new Identity(null, executable, List.of(), false, "root", null, cgroup, Namespaces.HOST);
    }

    private void holds(int pid, String thread, int... charges) {
        for (int charge : charges) {
            long handle = 0x1000L * (contexts.size() + 1);
            contexts.add(new LiveContext(new Task(pid, pid, thread, 1, 0), null, pid, handle, charge, 511, 0, 0));
        }
    }

    private QuotaPlan plan(Number used, Number limit, Map<String, Integer> more) {
        Inventory inventory = new Inventory(Tier.SAMPLE, contexts, 0, ScanGaps.NONE, Quotas.of(used, limit));
        return QuotaPlan.of(inventory, identities, 2, NO_FILE, more);
    }

    @Test
    void countsByProgramAndContainerInsteadOfThread() {
        holds(1, "ib_io_rd-1", 2048);
        holds(2, "ib_io_wr-7", 2048);
        holds(11, "mariadbd", 100);

        assertThat(plan(4196, 65536, Map.of()).programs())
                .extracting(
                        QuotaPlan.Program::name,
                        QuotaPlan.Program::container,
                        p -> p.holder().processes())
                .containsExactly(tuple("mariadbd", "docker:" + ID, 2), tuple("mariadbd", null, 1));
    }

    @Test
    void explainsNeedPerProcessAndTotal() {
        holds(1, "ib_io_rd-1", 1000, 1000, 48);
        holds(21, "reactor-0", 1024, 10, 1024, 10);

        assertThat(PlanReport.text(plan(4116, 10_000, Map.of("mariadbd", 3)), Screen.FILE))
                .containsExactly(
                        "CHARGE  PROCESSES  CONTEXTS  EACH  FITS  PROGRAM   CONTAINER",
                        "  2068          1         4  2068     2  scylla    –",
                        "  2048          1         3  2048     2  mariadbd  docker:" + ID,
                        "scylla: one process charges 2068 with 4 contexts, 2 for each of 2 CPUs; on N CPUs it needs N x 1034.",
                        "mariadbd: one process charges 2048 with 3 contexts; more threads or shards with contexts need more.",
                        "fs.aio-nr 4116 of 10000, headroom 5884; FITS = headroom / EACH",
                        "The limit: no sysctl.d file sets fs.aio-max-nr.",
                        "3 more of mariadbd: 3 x 2048 = 6144",
                        "In total: fs.aio-nr 4116 + 6144 = 10260",
                        "They require a higher limit: sysctl -w fs.aio-max-nr=10260",
                        "To keep it, write to /etc/sysctl.d/99-aio-max-nr.conf:",
                        "  fs.aio-max-nr = 10260");
    }

    @Test
    void findsProgramByNameContainerOrThread() {
        holds(1, "ib_io_rd-1", 2048);
        holds(11, "mariadbd", 100);

        assertThat(needed("mariadbd")).isEqualTo(2048);
        assertThat(needed("mariadbd@docker:" + ID)).isEqualTo(2048);
        assertThat(needed("ib_io_rd-1")).isEqualTo(2048);
        assertThatThrownBy(() -> needed("nginx"))
                .hasMessage("no process named 'nginx' holds a context now; holders: mariadbd");
    }

    private BigInteger needed(String name) {
        return plan(0, 65536, Map.of(name, 1)).needed();
    }

    @Test
    void plansAtEverySize() {
        holds(1, "a", 8_388_608);
        BigInteger most = new BigInteger("18446744073709551615");
        QuotaPlan unlimited = plan(8_388_608, most, Map.of("a", Integer.MAX_VALUE));

        assertThat(unlimited.programs().get(0).fits()).isEqualTo("2199023255550");
        assertThat(unlimited.needed()).isEqualTo("18014398509481984");
        assertThat(PlanReport.text(unlimited, Screen.FILE))
                .contains(
                        "CHARGE   PROCESSES  CONTEXTS     EACH      FITS  PROGRAM   CONTAINER"
                                .replace("CHARGE ", " CHARGE"),
                        "fs.aio-nr 8388608 of 18446744073709551615, no limit; FITS = headroom / EACH",
                        "They fit: 18014398509481984 of 18446744073709551615 would be in use.")
                .anyMatch(line -> line.contains("no limit  mariadbd"));
        assertThat(plan(most, 65536, Map.of()).programs().get(0).fits()).isZero();
    }

    @Test
    void omitsWhatIsUnknown() {
        holds(1, "a", 5);

        assertThat(plan(null, null, Map.of()).programs().get(0).fits()).isNull();
        assertThat(plan(null, null, Map.of("a", 2)).needed()).isEqualTo(15);
    }
}
