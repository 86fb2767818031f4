package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each command names kernel lockdown once. The last class in its guest: a kernel does not leave lockdown. */
@Tag("guest")
@Tag("once")
@Order(Integer.MAX_VALUE)
class LockdownGuestTest {
    private static final String CAUSE =
            "kernel lockdown is confidentiality, which forbids programs to read kernel memory";
    private static final String HINT = "boot with lockdown=integrity or lockdown=none";

    @BeforeAll
    static void lockDown() throws IOException {
        Files.writeString(Path.of("/sys/kernel/security/lockdown"), "confidentiality");
    }

    private static void assertNamesOnce(String output) {
        assertThat(output.replaceAll("\\s+", " "))
                .containsOnlyOnce(CAUSE)
                .contains("hint: " + HINT)
                .doesNotContain("CONFIG_FUNCTION_TRACER")
                .doesNotContain("tracefs is not")
                .doesNotContain("Linux 5.8");
    }

    private static String trace() throws IOException {
        CommandResult trace = Commands.execute(Aioscope.command("trace", "--for", "1ms"));
        assertThat(trace.status()).as(trace.output()).isZero();
        assertThat(trace.output()).contains("Tier proc");
        return trace.output();
    }

    @Test
    void doctorTraceAndDaemonNameLockdown(@TempDir Path folder) throws Exception {
        String doctor = Commands.run(Aioscope.command("doctor"));
        assertNamesOnce(doctor);
        assertThat(doctor).contains("NO lockdown        confidentiality").contains("To enable full: " + HINT);
        assertNamesOnce(trace());

        Path output = folder.resolve("run.log");
        Process agent = Commands.start(
                output, Aioscope.command("run", "--recorder-directory", folder.toString(), "--listen", "off"));
        try {
            Commands.awaitText(agent, output, " started: tier proc");
            Commands.stop(agent, "TERM", 0, output);
        } finally {
            agent.destroyForcibly();
        }
        assertNamesOnce(Files.readString(output));
    }

    /** Then only the verifier shows it. */
    @Test
    void doctorAndTraceNameLockdownWithoutSecurityfs() throws IOException {
        Commands.run("umount", "/sys/kernel/security");
        try {
            String doctor = Commands.run(Aioscope.command("doctor"));
            assertNamesOnce(doctor);
            assertThat(doctor).contains("lockdown        unknown: cannot read /sys/kernel/security/lockdown");
            assertNamesOnce(trace());
        } finally {
            Commands.run("mount", "-t", "securityfs", "none", "/sys/kernel/security");
        }
    }
}
