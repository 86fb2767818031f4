package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.aioscope.agent.ProbeSelector;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.kernel.Errno;
import dev.aioscope.output.TierReport;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.HostCauseException;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A cause that affects every program is reported itself, once, instead of what it looks like. */
class HostCauseTest {
    private static final Set<Mode> MODES = EnumSet.allOf(Mode.class);

    /** Fails to load, or else to attach, and counts the attempts. */
    private static final class FailingEngine implements Engine {
        private final @Nullable LoadFailure load;
        private final String attach;
        private final List<Programs> opened = new ArrayList<>();
        private int closed;

        FailingEngine(@Nullable LoadFailure load, String attach) {
            this.load = load;
            this.attach = attach;
        }

        @Override
        public String label() {
            return "core";
        }

        @Override
        public Programs open(ProbeSettings settings) {
            Programs programs = new FailingPrograms(this);
            opened.add(programs);
            return programs;
        }
    }

    private record FailingPrograms(FailingEngine engine) implements Programs {
        @Override
        public @Nullable LoadFailure load(AttachPlan plan) {
            return engine.load;
        }

        @Override
        public @Nullable String attach(AttachTarget target, Mode mode) {
            return engine.attach;
        }

        @Override
        public void detach(AttachTarget target) {}

        @Override
        public boolean isAttached(AttachTarget target) {
            return false;
        }

        @Override
        public int newIteration(AttachTarget target) {
            return -1;
        }

        @Override
        public int map(String name) {
            return -1;
        }

        @Override
        public @Nullable Long missed() {
            return null;
        }

        @Override
        public void close() {
            engine.closed++;
        }
    }

    private static ProbeException failure(FailingEngine engine) {
        return catchThrowableOfType(
                ProbeException.class, () -> BpfProbes.open(engine, Tier.SAMPLE, MODES, ProbeSettings.PLAIN));
    }

    private static String program() {
        return AttachTarget.CONTEXTS.program(Mode.ITERATOR);
    }

    @ParameterizedTest
    @CsvSource({
        Errno.EMFILE + ",cannot load the probes: too many open files: the limit is ,LimitNOFILE=",
        Errno.ENFILE + ",cannot load the probes: too many open files on this host,fs.file-max",
        Errno.ENOMEM + ",cannot load the probes: not enough memory,MemoryMax=",
    })
    void namesShortageInsteadOfRejectingPrograms(int errno, String reason, String hint) {
        for (boolean isProgram : new boolean[] {false, true}) {
            FailingEngine engine =
                    new FailingEngine(new LoadFailure(isProgram ? program() : null, errno, "verifier: a symptom"), "");

            ProbeException failure = failure(engine);

            assertThat(failure).isInstanceOf(HostCauseException.class).hasMessageStartingWith(reason);
            assertThat(failure.hint()).contains(hint);
            assertThat(engine.opened).hasSize(1);
            assertThat(engine.closed).isEqualTo(1);
        }
    }

    @Test
    void namesMissingSystemCall() {
        ProbeException failure = failure(new FailingEngine(new LoadFailure(null, Errno.ENOSYS, "ENOSYS"), ""));

        assertThat(failure).isInstanceOf(HostCauseException.class).hasMessageContaining("no system call bpf");
        assertThat(failure.hint()).contains("gVisor");
    }

    /** Where securityfs does not show the lockdown level, only the verifier's answer does. */
    @ParameterizedTest
    @CsvSource({
        "(85) call bpf_probe_read#4 unknown func bpf_probe_read#4",
        "program of this type cannot use helper bpf_probe_read_kernel#113",
    })
    void namesLockdownIfProgramsCannotReadKernelMemory(String verifier) {
        ProbeException failure = failure(
                new FailingEngine(new LoadFailure(program(), Errno.EINVAL, "EINVAL; verifier: " + verifier), ""));

        assertThat(failure)
                .isInstanceOf(HostCauseException.class)
                .hasMessageContaining("kernel lockdown is confidentiality");
        assertThat(failure.hint()).contains("lockdown=integrity");
    }

    @Test
    void namesShortageInMessageOfFailedAttach() {
        ProbeException failure = failure(new FailingEngine(null, "/sys/kernel/tracing/x: Too many open files"));

        assertThat(failure).isInstanceOf(HostCauseException.class).hasMessageContaining("too many open files");
    }

    @Test
    void keepsOtherErrorsOfPrograms() {
        FailingEngine engine = new FailingEngine(new LoadFailure(program(), Errno.EINVAL, "EINVAL; verifier: x"), "");

        assertThat(catchThrowableOfType(
                        TierUnavailableException.class,
                        () -> BpfProbes.open(engine, Tier.SAMPLE, MODES, ProbeSettings.PLAIN)))
                .hasMessageContaining("verifier: x");
    }

    @Test
    void reportsCauseOnceForAllTiersAndEngines() {
        FailingEngine first = new FailingEngine(new LoadFailure(null, Errno.ENOMEM, "ENOMEM"), "");
        FailingEngine second = new FailingEngine(null, "");

        SelectedProbes selected =
                ProbeSelector.open(List.of(first, second), ProbeSelector.ALL, MODES, ProbeSettings.PLAIN);
        selected.probes().close();

        assertThat(TierReport.unavailable(selected))
                .containsExactly(
                        "  cannot use tier full, tier syscall, tier sample: cannot load the probes: not enough memory",
                        "    hint: free memory, or raise the memory limit of aioscope (MemoryMax= in the unit)");
        assertThat(second.opened).isEmpty();
    }
}
