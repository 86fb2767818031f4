package dev.aioscope.probe.bcc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** libbcc compiles every program of the probe source for the kernel of the build machine. */
class CompilerIT {
    private static final long EXIT = 0x95;

    @Test
    void compilesEachProgram() throws IOException {
        List<String> programs = Files.readAllLines(Path.of("probes/aioscope.bpf.c")).stream()
                .filter(line -> line.matches("int .*\\(.*"))
                .map(line -> line.replaceFirst("int (BPF_\\w+\\()?(\\w+).*", "$2"))
                .toList();
        Map<String, long[]> compiled = Compiler.compile().programs();

        assertThat(compiled).containsOnlyKeys(programs);
        assertThat(compiled.values())
                .allSatisfy(
                        instructions -> assertThat(instructions).as("it exits").contains(EXIT));
    }
}
