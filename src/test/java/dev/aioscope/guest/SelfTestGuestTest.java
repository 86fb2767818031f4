package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.event.EventType;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Rejection;
import dev.aioscope.probe.SelfTestResult;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.TierUnavailableException;
import dev.aioscope.probe.core.CoreEngine;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.KernelRelease;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Probes that the kernel attaches and then does not run: the self-test finds them, and hides its own contexts. After the
 * other tests: Linux 6.1 ends ftrace for good if the last probe detaches after kernel.ftrace_enabled was 0 (ftrace_shutdown).
 */
@Tag("guest")
@Order(Integer.MAX_VALUE - 1)
class SelfTestGuestTest {
    private static final Path FTRACE = Path.of("/proc/sys/kernel/ftrace_enabled");
    private static final Path KPROBES = Path.of("/sys/kernel/debug/kprobes/enabled");
    private static final Set<Mode> ALL = EnumSet.allOf(Mode.class);
    private static final Set<Mode> WITHOUT_FENTRY = EnumSet.complementOf(EnumSet.of(Mode.FENTRY, Mode.FEXIT));

    private final List<EventType> delivered = new ArrayList<>();

    @AfterEach
    void switchOn() throws IOException {
        Files.writeString(FTRACE, "1");
        if (Files.exists(KPROBES)) {
            Files.writeString(KPROBES, "1");
        }
    }

    /** The result of a test while this thread reads. */
    private SelfTestResult selfTest(BpfProbes probes) throws Exception {
        FutureTask<SelfTestResult> test = new FutureTask<>(probes::selfTest);
        new Thread(test).start();
        while (!test.isDone()) {
            probes.await(10);
            probes.poll(event -> delivered.add(event.type()), 1000);
        }
        probes.poll(event -> delivered.add(event.type()), 1000);
        return test.get();
    }

    @ParameterizedTest
    @EnumSource(names = {"FULL", "SYSCALL"})
    void provesEachAttachPointAndHidesItsContexts(Tier tier) throws Exception {
        for (Set<Mode> modes : List.of(ALL, WITHOUT_FENTRY)) {
            try (BpfProbes probes = BpfProbes.open(new CoreEngine(), tier, modes, new ProbeSettings(true, true))) {
                assertThat(probes.attachPoints())
                        .as("nothing is rejected as silent")
                        .noneMatch(point -> point.rejections().stream().anyMatch(Rejection::isSilent));
                for (int i = 0; i < 3; i++) {
                    assertThat(selfTest(probes)).isEqualTo(SelfTestResult.PASSED);
                }
            }
        }
        assertThat(delivered).isEmpty();
    }

    /** 5.10 and 7.x refuse to disable ftrace while programs are attached. */
    @Test
    @Tag("once")
    void findsProbesThatStopFiring() throws Exception {
        try (BpfProbes probes = BpfProbes.open(new CoreEngine(), Tier.FULL, ALL, ProbeSettings.PLAIN)) {
            Files.writeString(FTRACE, "0");
            SelfTestResult silent = selfTest(probes);
            Files.writeString(FTRACE, "1");

            assertThat(silent.silent())
                    .extracting(AttachPoint::name)
                    .contains("kill_ioctx", "free_ioctx_reqs", "free_ioctx");
            assertThat(silent.silent().get(0).rejections().get(0).reason())
                    .isEqualTo("does not fire: kernel.ftrace_enabled is 0");
            assertThat(selfTest(probes)).isEqualTo(SelfTestResult.PASSED);
        }
        assertThat(delivered).isEmpty();
    }

    @Test
    void usesFentryWhileKprobesAreDisabledGlobally() throws Exception {
        Commands.execute("mount", "-t", "debugfs", "none", "/sys/kernel/debug");
        Files.writeString(KPROBES, "0");

        assertThatThrownBy(() -> BpfProbes.open(new CoreEngine(), Tier.FULL, WITHOUT_FENTRY, ProbeSettings.PLAIN))
                .isInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("kprobe: does not fire: kprobes are disabled globally");
        try (BpfProbes probes = BpfProbes.open(new CoreEngine(), Tier.FULL, ALL, ProbeSettings.PLAIN)) {
            assertThat(probes.attachPoints())
                    .filteredOn(AttachPoint::isSilent)
                    .extracting(AttachPoint::name)
                    .as("5.10 attaches some probes of the system calls as kprobes only")
                    .isSubsetOf("io_setup", "io_setup return", "io_destroy", "io_destroy return")
                    .hasSize(KernelRelease.isAtLeast(5, 11) ? 0 : 2);
        }
    }

    @Test
    @Tag("once")
    void daemonIsNotReadyAndDoctorNamesTheSwitch(@TempDir Path folder) throws Exception {
        Files.writeString(FTRACE, "0");
        CommandResult doctor = Commands.execute(Aioscope.command("doctor"));
        assertThat(doctor.output())
                .contains("NO full            probes on kill_ioctx do not fire")
                .contains("fentry rejected: does not fire: kernel.ftrace_enabled is 0")
                .contains("kprobe rejected: does not fire: kernel.ftrace_enabled is 0")
                .contains("hint: run sysctl kernel.ftrace_enabled=1");
        Path output = folder.resolve("run.log");
        Process agent = Commands.start(
                output,
                Aioscope.command("run", "--recorder-directory", folder.toString(), "--listen", "127.0.0.1:9464"));
        try {
            Commands.awaitText(agent, output, " started: ");
            assertThat(Files.readString(output)).contains("tier sample").contains("kernel.ftrace_enabled is 0");
            CommandResult ready = Commands.execute("curl", "-s", "http://127.0.0.1:9464/readyz");
            assertThat(ready.output())
                    .contains("the tier full is unavailable: probes on kill_ioctx do not fire")
                    .contains("run sysctl kernel.ftrace_enabled=1, then restart aioscope");
            Commands.stop(agent, "TERM", 0, output);
        } finally {
            agent.destroyForcibly();
        }
    }
}
