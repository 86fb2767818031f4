package dev.aioscope.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.audit.Audit;
import dev.aioscope.audit.Clause;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.probe.Tier;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The text of an audit. */
class AuditReportTest {
    private static final Screen NARROW = new Screen(false, 80, 24);

    private static List<String> lines(Tier tier, TeardownBuilder... teardowns) {
        Audit audit = new Audit(tier, false);
        for (TeardownBuilder teardown : teardowns) {
            audit.onTeardown(teardown.build());
        }
        AuditReport report = new AuditReport(
                audit.verdicts(), tier, "6.1.0-52-amd64", new WallClock(() -> 0, InstantSource.system()));
        return report.text(NARROW).lines().toList();
    }

    @ParameterizedTest
    @EnumSource(
            value = Tier.class,
            names = {"FULL", "SYSCALL"})
    void fitsIn80ColumnsAndListsEveryClause(Tier tier) {
        List<String> lines = lines(tier, TeardownBuilder.busy());
        assertThat(lines).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        assertThat(String.join(" ", lines).split("[ :]+")).contains(clauses());
    }

    private static String[] clauses() {
        return List.of(Clause.values()).stream().map(Clause::name).toArray(String[]::new);
    }

    @Test
    void groupsNotObservableClausesByReason() {
        assertThat(lines(Tier.SYSCALL))
                .containsSubsequence(
                        "NOT OBSERVABLE  R1 R2 L3 L4 S1 S2 S3 S4 S5 S6 T1 T2 T3 N1 N2 N3 F1 F2 F3 F4 F5",
                        "                F6 F7: requires the tier full, with probes on kernel functions;",
                        "                this is syscall")
                .contains("NOT OBSERVABLE  N4: requires audit --watch-handles, which slows down I/O");
    }

    @Test
    void repeatsViolationsAtEnd() {
        TeardownBuilder broken = TeardownBuilder.busy();
        broken.inTableAfterKill = true;
        broken.caller = new Task(1, 2, "a\u001b[2Jb", 0, 0);
        List<String> lines = lines(Tier.FULL, broken);
        String end = String.join(" ", lines.subList(lines.size() - 8, lines.size()));
        assertThat(end)
                .contains("S2 VIOLATED: The context leaves mm->ioctx_table")
                .contains("2 VIOLATED");
        assertThat(lines).allSatisfy(line -> assertThat(line).doesNotContain("\u001b"));
    }
}
