package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The mount of /proc; HostCauseIT runs commands in such environments. */
class ProcMountTest {
    private static final String HOST = "23 1 0:22 / /proc rw,nosuid shared:5 - proc proc rw\n";

    @Test
    void takesOptionsOfTopmostMount() {
        String above = "99 23 0:51 / /proc rw,nosuid - proc proc rw,gid=5,hidepid=invisible,subset=pid\n";
        String below = "100 99 0:51 /sys /proc/sys ro - proc proc rw\n";

        assertThat(ProcMount.parse(HOST).options()).containsExactly("rw");
        assertThat(ProcMount.parse(HOST + above + below).options())
                .containsExactly("rw", "gid=5", "hidepid=invisible", "subset=pid");
        assertThat(ProcMount.parse("").options()).isEmpty();
        assertThat(ProcMount.parse("99 23 0:51 / /proc rw\n- - - -\n").options())
                .isEmpty();
    }

    @Test
    void namesCauseOfMissingSysctls() {
        assertThat(ProcMount.parse(HOST.replace("proc rw", "proc rw,subset=pid"))
                        .withoutSysctls()
                        .reason())
                .isEqualTo("/proc is mounted with subset=pid (ProcSubset=pid)");
        assertThat(ProcMount.parse(HOST).withoutSysctls().reason()).isEqualTo("/proc/sys does not exist");
    }

    @Test
    void findsNothingHiddenWithoutHidepid() {
        assertThat(ProcMount.parse(HOST).ofHiddenProcesses()).isEmpty();
        assertThat(ProcMount.parse(HOST.replace("proc rw", "proc rw,hidepid=off"))
                        .ofHiddenProcesses())
                .isEmpty();
    }
}
