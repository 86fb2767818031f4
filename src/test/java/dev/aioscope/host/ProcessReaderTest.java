package dev.aioscope.host;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.TaskStat;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads real processes; programs choose their names and arguments. */
class ProcessReaderTest {
    private static Identity read(Process process) {
        int pid = (int) process.pid();
        long start = TaskStat.read("/proc/" + pid + "/stat").orElseThrow().start();
        try (Processes processes = Processes.unlimited(false)) {
            return processes.of(new Task(pid, pid, "", 0, start), 0, true);
        }
    }

    /** The kernel cuts the name after 15 bytes. */
    @Test
    void readsProcessWhoseNameEndsInsideLetter(@TempDir Path folder) throws Exception {
        Path program = folder.resolve("a\u0441\u043b\u0443\u0436\u0431\u0430-\u0434\u0430\u043d\u043d\u044b\u0445");
        Files.copy(Path.of("/bin/sleep"), program, StandardCopyOption.COPY_ATTRIBUTES);
        Process process = new ProcessBuilder(program.toString(), "60").start();
        try {
            Await.value(
                    "name",
                    Duration.ofSeconds(10),
                    () -> Files.readAllBytes(Path.of("/proc/" + process.pid() + "/comm")),
                    comm -> comm[0] == 'a');

            Identity identity = read(process);
            assertThat(identity.executable()).isEqualTo(program.toRealPath().toString());
            assertThat(identity.arguments()).containsExactly(program.toString(), "60");
            assertThat(identity.user()).isEqualTo(System.getProperty("user.name"));
            assertThat(identity.cgroup()).isNotNull();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void omitsIdentityOfAnotherProcessWithTheSamePid() {
        assertThat(ProcessReader.answer((int) ProcessHandle.current().pid(), 1)).isEmpty();
    }

    @Test
    void readsArgumentsOfAnyBytes() {
        assertThat(ProcessReader.arguments(new byte[0])).isEmpty();
        assertThat(ProcessReader.arguments("a\0\0b c\0".getBytes(UTF_8))).containsExactly("a", "", "b c");
        assertThat(ProcessReader.arguments("title: x\0\0\0".getBytes(UTF_8))).containsExactly("title: x");
        assertThat(ProcessReader.arguments(new byte[] {'a', (byte) 0xd0, 0, (byte) 0xff}))
                .containsExactly("a\ufffd", "\ufffd");
    }

    @Test
    void marksWhatIsMissingOfLongCommandLine() {
        List<String> many = ProcessReader.arguments("x\0".repeat(1000).getBytes(UTF_8));
        assertThat(many).hasSize(257).endsWith("x", "…");

        List<String> one = ProcessReader.arguments("x".repeat(1 << 20).getBytes(UTF_8));
        assertThat(one).hasSize(2).endsWith("…");
    }
}
