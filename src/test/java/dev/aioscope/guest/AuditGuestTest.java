package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.audit.Clause;
import dev.aioscope.audit.Clause.ClauseKind;
import dev.aioscope.audit.Verdict.State;
import dev.aioscope.kernel.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Compares the audit with the known deviations of each lab kernel: it must find these and no others. */
@Tag("guest")
@Tag("turn2")
class AuditGuestTest {
    private static final Set<Clause> DIFFERS = EnumSet.of(Clause.R2, Clause.S4, Clause.S6);
    private static final Set<Clause> HIDDEN = EnumSet.of(Clause.E7, Clause.L1, Clause.L2, Clause.N5, Clause.N6);

    @BeforeAll
    static void load() throws IOException {
        NullBlockDevice.load();
    }

    @Test
    void findsExactlyKnownDeviations() throws IOException {
        AuditOutput run = AuditOutput.of("--watch-handles", "--device", "/dev/nullb0");
        Files.write(Path.of(System.getProperty("aioscope.results"), "audit.json"), run.lines());
        Map<Clause, State> states = run.states();

        assertThat(run.tier()).isEqualTo("full");
        states.forEach((clause, state) -> {
            if (clause.kind() != ClauseKind.FINDING) {
                State known = DIFFERS.contains(clause)
                        ? State.DIFFERS
                        : HIDDEN.contains(clause) ? State.NOT_OBSERVABLE : State.HOLDS;
                assertThat(state).as("%s", run.verdicts().get(clause)).isEqualTo(known);
            }
        });
        assertThat(states).containsEntry(Clause.F1, State.FOUND).containsEntry(Clause.F4, State.FOUND);
        assertThat(KernelAuditTable.column(Host.release()))
                .as("dashboards/audit.md; see KernelAuditTable to rewrite its table")
                .containsExactlyEntriesOf(KernelAuditTable.verdicts(run));
    }
}
