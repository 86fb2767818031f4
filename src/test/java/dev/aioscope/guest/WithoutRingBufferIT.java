package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.AlteredProbes;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The program on a kernel that rejects the ring buffer. */
class WithoutRingBufferIT {
    @TempDir
    private Path folder;

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    @Test
    void tracesTeardown() throws Exception {
        Path output = folder.resolve("trace.log");
        Path resources = AlteredProbes.withoutRingBuffer(folder.resolve("resources"));
        Process trace = Commands.start(
                output,
                Aioscope.commandWithResources(resources, "trace", "--tier", "syscall", "--json", "--comm", "aiowork"));
        Commands.awaitText(trace, output, "syscall");

        AioWork work = AioWork.run("destroy", "--charge", "33");
        Commands.awaitText(trace, output, "\"type\":\"teardown\"");
        Commands.stop(trace, "INT", 130, output);

        JsonNode teardown = JsonLines.ofType(JsonLines.parse(Files.readString(output)), "teardown")
                .get(0);
        assertThat(teardown.path("pid").asInt()).isEqualTo(work.pid());
        assertThat(teardown.path("max_reqs").asInt()).isEqualTo(33);
        assertThat(teardown.path("executable").asString()).isEqualTo(AioWork.PROGRAM.toString());
    }
}
