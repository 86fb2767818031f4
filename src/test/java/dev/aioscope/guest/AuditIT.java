package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.audit.Clause;
import dev.aioscope.audit.Verdict.State;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The audit without any probe inside the kernel: what it cannot see it says, and none of that holds. */
class AuditIT {
    private static final Set<Clause> SEEN = EnumSet.of(
            Clause.P1, Clause.E1, Clause.E2, Clause.E3, Clause.E4, Clause.E5, Clause.E6, Clause.C1, Clause.C2,
            Clause.N4);

    @Test
    void onlyWhatCallsShowHolds() throws IOException {
        AuditRun run = AuditRun.of("--tier", "syscall", "--watch-handles");
        Map<Clause, State> states = run.states();

        assertThat(run.tier()).isEqualTo("syscall");
        states.forEach((clause, state) -> {
            if (SEEN.contains(clause)) {
                assertThat(state).as("%s", clause).isEqualTo(State.HOLDS);
            } else if (clause == Clause.F8) {
                // Whether it comes to that is up to the scheduler.
                assertThat(state).isIn(State.FOUND, State.NOT_OBSERVED);
            } else {
                assertThat(state).as("%s", clause).isEqualTo(State.NOT_OBSERVABLE);
                assertThat(run.verdicts().get(clause).path("reason").asString())
                        .isEqualTo(clause.hiddenIn(Tier.SYSCALL, true));
            }
        });
    }

    @Test
    void theTierThatSeesNoCallsIsRefused() throws IOException {
        Command refused = Command.runs(Command.aioscope("audit", "--tier", "sample", "--for", "1s"));
        assertThat(refused.status()).isEqualTo(3);
        assertThat(refused.output()).contains("the tier sample sees no single call");
    }
}
