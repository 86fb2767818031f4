package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.audit.Clause;
import dev.aioscope.audit.Verdict.State;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The audit without probes inside the kernel: clauses that it cannot observe are not_observable and never hold. */
class AuditIT {
    private static final Set<Clause> VISIBLE = EnumSet.of(
            Clause.P1, Clause.E1, Clause.E2, Clause.E3, Clause.E4, Clause.E5, Clause.E6, Clause.C1, Clause.C2,
            Clause.N4);

    @Test
    void holdsOnlyClausesVisibleInCalls() throws IOException {
        AuditOutput run = AuditOutput.of("--tier", "syscall", "--watch-handles");
        Map<Clause, State> states = run.states();

        assertThat(run.tier()).isEqualTo("syscall");
        states.forEach((clause, state) -> {
            if (VISIBLE.contains(clause)) {
                assertThat(state).as("%s", clause).isEqualTo(State.HOLDS);
            } else if (clause == Clause.F8) {
                // Depends on the scheduler.
                assertThat(state).isIn(State.FOUND, State.NOT_OBSERVED);
            } else {
                assertThat(state).as("%s", clause).isEqualTo(State.NOT_OBSERVABLE);
                assertThat(run.verdicts().get(clause).path("reason").asString())
                        .isEqualTo(clause.hiddenIn(Tier.SYSCALL, true));
            }
        });
    }

    @Test
    void rejectsTierThatSeesNoCalls() throws IOException {
        CommandResult rejected = Commands.execute(Aioscope.command("audit", "--tier", "sample", "--for", "1s"));
        assertThat(rejected.status()).isEqualTo(3);
        assertThat(rejected.output()).contains("the tier sample does not observe calls");
    }
}
