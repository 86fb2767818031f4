package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code packaging/lab/lab} checks the names of kernels and roots before it fetches or starts anything. */
class LabUsageTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "run 4.19 -- true | unknown kernel '4.19'; known: 5.10 6.1 6.12 6.18 7 rt/5.10",
                "run arm64-16k/6.1 -- true | unknown kernel 'arm64-16k/6.1'; known: 5.10",
                "run rt/ -- true | unknown kernel 'rt/'; known: 5.10",
                "fetch 6.1 windows | unknown kernel 'windows'; known: 5.10",
                "fetch rt/debian11 | unknown kernel 'rt/debian11'; known: 5.10",
                "run 6.1 --root debian10 -- true | unknown root 'debian10'; known: debian11 debian11-tools debian12",
                "run host -- true | the kernel 'host' needs --root",
                "run arm64/6.12 uname | unknown option of run: 'uname'; the command follows --",
            })
    void namesTheKnownKernelsAndRoots(String arguments, String message) throws Exception {
        Process lab = new ProcessBuilder(Stream.concat(Stream.of("packaging/lab/lab"), Stream.of(arguments.split(" ")))
                        .toList())
                .redirectErrorStream(true)
                .start();
        String output = new String(lab.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(output).startsWith("lab: " + message).contains("(see: lab --help)");
        assertThat(lab.waitFor()).isEqualTo(2);
    }

    @Test
    void helpFitsATerminal() throws Exception {
        Process lab = new ProcessBuilder("packaging/lab/lab", "--help").start();
        assertThat(new String(lab.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines())
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }
}
