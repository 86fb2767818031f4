package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The texts; HostCauseIT runs commands in pid namespaces. */
class PidNamespaceTest {
    private static String reason(boolean isHosts, boolean isHostsInProc, boolean scansProc) {
        return new PidNamespace(isHosts, isHostsInProc)
                .restriction(scansProc)
                .map(HostCause::reason)
                .orElse("");
    }

    @Test
    void hidesNothingInNamespaceOfHost() {
        assertThat(reason(true, true, false)).isEmpty();
        assertThat(reason(true, true, true)).isEmpty();
    }

    @Test
    void namesWhatIteratorsMiss() {
        String outside =
                "processes outside this pid namespace: it is not the host's; PIDs, also those of --pid, are the"
                        + " host's";

        assertThat(reason(false, false, false)).isEqualTo("cannot scan " + outside);
        assertThat(reason(false, true, false)).isEqualTo("cannot scan " + outside);
    }

    @Test
    void namesWhatProcMisses() {
        assertThat(reason(false, true, true)).isEmpty();
        assertThat(reason(false, false, true))
                .isEqualTo("cannot scan processes outside this pid namespace: it is not the host's; PIDs, also those of"
                        + " --pid, are those of the namespace");
        assertThat(reason(true, false, false))
                .isEqualTo("cannot read arguments of older processes: /proc shows another pid namespace");
    }

    @Test
    void recognizesProcessByStartWhereItsPidIsUnknown() {
        LocalProcess process = new LocalProcess(7, 1_230_000_000L);
        PidNamespace host = new PidNamespace(true, true);
        PidNamespace own = new PidNamespace(false, false);

        assertThat(process.is(7, 0, host)).isTrue();
        assertThat(process.is(4711, 1_234_567_890L, host)).isFalse();
        assertThat(process.is(4711, 1_234_567_890L, own)).isTrue();
        assertThat(process.is(7, 1_250_000_000L, own)).isFalse();
        assertThat(new LocalProcess(7, -1).is(7, 0, own)).isFalse();
    }
}
