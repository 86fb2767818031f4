package dev.aioscope.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.config.SettingsFuzz;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.EventFuzz;
import dev.aioscope.host.ProcFuzz;
import dev.aioscope.http.HttpFuzz;
import dev.aioscope.kernel.BtfFuzz;
import dev.aioscope.probe.proc.ProcTextFuzz;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs Jazzer against each parser for some seconds, guided by branch coverage. */
class FuzzIT {
    private static final long SECONDS = Long.getLong("fuzz.seconds", 3);
    private static final Pattern RUNS = Pattern.compile("Done (\\d+) runs");

    @TempDir
    private Path folder;

    static Stream<Arguments> parsers() {
        ByteBuffer setup = EventBuilder.setup().kioctx(1).task(1, 1, "a").build();
        byte[] record = new byte[setup.remaining()];
        setup.get(record);
        return Stream.of(
                Arguments.of(EventFuzz.class, record),
                Arguments.of(BtfFuzz.class, BtfFuzz.seed()),
                Arguments.of(SettingsFuzz.class, bytes("slow-threshold: 1s\ncomm: [a, b]\n# c\nx: {y: &z |\n  a}\n")),
                Arguments.of(ProcFuzz.class, bytes("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-a.scope\n")),
                Arguments.of(
                        ProcTextFuzz.class,
                        bytes("7f0000000000-7f0000003000 rw-s 00000000 00:0e 123 /[aio] (deleted)")),
                Arguments.of(HttpFuzz.class, bytes("GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @MethodSource("parsers")
    void parsesAnyInputWithoutUnexpectedError(Class<?> target, byte[] seed) throws Exception {
        Path corpus = Files.createDirectory(folder.resolve("corpus"));
        Files.write(corpus.resolve("seed"), seed);
        Path output = folder.resolve("output");
        Process jazzer = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "com.code_intelligence.jazzer.Jazzer",
                        "--target_class=" + target.getName(),
                        "--instrumentation_includes=dev.aioscope.**",
                        // A connection to our own server is no attack.
                        "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.ServerSideRequestForgery",
                        "--reproducer_path=" + folder,
                        "-artifact_prefix=" + folder + "/",
                        "-max_total_time=" + SECONDS,
                        "-max_len=4096",
                        "-timeout=20",
                        corpus.toString()))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(jazzer.waitFor(SECONDS + 120, TimeUnit.SECONDS))
                    .as("Jazzer exits")
                    .isTrue();
        } finally {
            jazzer.destroyForcibly();
        }
        String log = Files.readString(output);
        assertThat(jazzer.exitValue()).as(log).isZero();
        Matcher runs = RUNS.matcher(log);
        assertThat(runs.find()).as(log).isTrue();
        assertThat(Long.parseLong(runs.group(1))).as("inputs tried").isGreaterThan(100);
    }
}
