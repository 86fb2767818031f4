package dev.aioscope.host;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.TaskStat;
import dev.aioscope.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads real processes; programs choose their names and arguments. */
class ProcessReaderTest {
    private static final String STAT =
            "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 123456 2703360 0 184467440";
    private static final long START = 1_234_560_000_000L;

    private static Identity read(Process process) throws IOException {
        int pid = (int) process.pid();
        long start = TaskStat.read("/proc/" + pid + "/stat").orElseThrow().start();
        try (ProcessReader reader = new ProcessReader()) {
            return reader.read(pid, start).orElseThrow();
        }
    }

    private static String answer(String... files) {
        return List.of(files).stream()
                .map(file -> HexFormat.of().formatHex(file.getBytes(UTF_8)))
                .reduce((first, second) -> first + "." + second)
                .orElseThrow();
    }

    /** The kernel cuts the name after 15 bytes; the path has a line break too. */
    @Test
    void readsProcessWhoseNameEndsInsideLetter(@TempDir Path folder) throws Exception {
        Path program =
                folder.resolve("a\u0441\u043b\u0443\u0436\u0431\u0430-\u0434\u0430\u043d\u043d\u044b\u0445\n\u0445");
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
    void omitsMissingProcessAndOneThatTookItsPid() throws IOException {
        try (ProcessReader reader = new ProcessReader()) {
            assertThat(reader.read(1 << 22, 1)).isEmpty();
            assertThat(reader.read((int) ProcessHandle.current().pid(), 1)).isEmpty();
            assertThat(reader.failures()).isZero();
        }
    }

    @Test
    void leavesNoProcessWhileItRests() throws IOException {
        try (ProcessReader reader = new ProcessReader()) {
            int pid = (int) ProcessHandle.current().pid();
            long start = TaskStat.read("/proc/self/stat").orElseThrow().start();
            for (int i = 0; i < 2; i++) {
                assertThat(reader.read(pid, start)).isPresent();
                assertThat(children()).isPositive();
                reader.rest();
                Await.until("the end of the child process", () -> children() == 0);
            }
        }
    }

    private static long children() {
        return ProcessHandle.current()
                .children()
                .filter(child -> Host.read("/proc/" + child.pid() + "/cmdline")
                        .orElse("")
                        .contains("echo ready"))
                .count();
    }

    @Test
    void sayWhyItCannotRead() {
        try (ProcessReader reader = new ProcessReader(List.of("/nowhere/sh"))) {
            assertThatThrownBy(() -> reader.read(1, 1))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("cannot start the helper process: Cannot run program \"/nowhere/sh\"");
            assertThat(reader.fault()).isPresent();
            assertThat(reader.failures()).isEqualTo(1);
        }
    }

    @Test
    void parsesAnswer() {
        Identity identity = ProcessReader.parse(
                        answer(
                                STAT,
                                "Name:\ta\nUid:\t0\t0\t0\t0\nGid:\t6\t0\t0\t0\n",
                                "0::/x\n1:cpu:/y\n",
                                "a\0-c\tx\0\0b",
                                "/usr/bin/a b",
                                "1 2 8:1 /pods/01234567-89ab-cdef-0123-456789abcdef/containers/db/1 /dev/termination-log rw"),
                        START)
                .orElseThrow();

        assertThat(identity.executable()).isEqualTo("/usr/bin/a b");
        assertThat(identity.user()).isEqualTo("root");
        assertThat(identity.group()).isEqualTo("disk");
        assertThat(identity.comm()).isEqualTo("a) b (c");
        assertThat(identity.cgroup()).isEqualTo("/x");
        assertThat(identity.arguments()).containsExactly("a", "-c\tx", "", "b");
        assertThat(identity.kubernetes().container()).isEqualTo("db");
    }

    @Test
    void leavesOutWhatIsUnreadable() {
        Identity identity =
                ProcessReader.parse(answer(STAT, "", "", "", "", ""), START).orElseThrow();
        assertThat(identity)
                .isEqualTo(new Identity("a) b (c", null, List.of(), false, null, null, null, Namespaces.HOST));
    }

    @Test
    void marksWhatIsMissingOfLongCommandLine() {
        List<String> many = ProcessReader.arguments("x\0".repeat(1000).getBytes(UTF_8));
        assertThat(many).hasSize(257).endsWith("x", "…");

        List<String> one = ProcessReader.arguments("x".repeat(1 << 20).getBytes(UTF_8));
        assertThat(one).hasSize(2).endsWith("…").first().asString().endsWith("x…");
    }

    @Test
    void readsArgumentsOfAnyBytes() {
        assertThat(ProcessReader.arguments(new byte[0])).isEmpty();
        assertThat(ProcessReader.arguments("title: x\0\0\0".getBytes(UTF_8))).containsExactly("title: x");
        assertThat(ProcessReader.arguments(new byte[] {'a', (byte) 0xd0, 0, (byte) 0xff}))
                .containsExactly("a\ufffd", "\ufffd");
    }

    @Test
    void toleratesDamagedAnswers() {
        assertThat(ProcessReader.process(STAT, START)).isPresent();
        assertThat(ProcessReader.process(STAT, START + 20_000_000)).isEmpty();
        String whole = answer(STAT, "Uid:\t0\t0\t0\t0\n", "0::/\n", "a", "/a", "");
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            StringBuilder stat = damage(new StringBuilder(STAT), " )(-9x\u0669", random);
            StringBuilder text = damage(new StringBuilder(whole), ".0gf ", random);
            assertThatCode(() -> ProcessReader.process(stat.toString(), START))
                    .as("seed %d: %s", seed, stat)
                    .doesNotThrowAnyException();
            assertThatCode(() -> ProcessReader.parse(text.toString(), START))
                    .as("seed %d: %s", seed, text)
                    .doesNotThrowAnyException();
        }
    }

    private static StringBuilder damage(StringBuilder text, String characters, Random random) {
        for (int i = random.nextInt(6); i >= 0; i--) {
            int at = random.nextInt(text.append(' ').length());
            switch (random.nextInt(4)) {
                case 0 -> text.deleteCharAt(at);
                case 1 -> text.insert(at, (char) random.nextInt(128));
                case 2 -> text.setCharAt(at, characters.charAt(random.nextInt(characters.length())));
                default -> text.setLength(Math.max(1, at));
            }
        }
        return text;
    }
}
