package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import dev.aioscope.testing.Podman;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Compares the identity of a process in a container with what its runtime says. */
class ContainerIT {
    private static final String IMAGE_PROGRAM = "/aiowork";

    private final String name = "aioscope-holder-" + ProcessHandle.current().pid();

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
        Podman.assumeAvailable();
    }

    @AfterEach
    void remove() throws Exception {
        Commands.execute("podman", "rm", "--force", name);
    }

    private String inspect(String field) throws Exception {
        return Commands.run("podman", "inspect", "--format", "{{." + field + "}}", name)
                .strip();
    }

    /** Both the probe of io_setup and a later scan. */
    @Test
    void namesContainerAsItsRuntimeDoes(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("trace.log");
        Process trace = Commands.start(
                log, Aioscope.command("trace", "--tier", "syscall", "--exe", "aiowork", "--json", "--count", "1"));
        try {
            Commands.awaitText(trace, log, "Tier syscall");
            Commands.run(Podman.run(
                    "--detach",
                    "--interactive", // Its end would end the program.
                    "--name=" + name,
                    "--hostname=db-0",
                    "--volume=" + AioWork.PROGRAM + ":" + IMAGE_PROGRAM,
                    Podman.BASE,
                    "sh",
                    "-c",
                    IMAGE_PROGRAM + " destroy && exec " + IMAGE_PROGRAM + " many --count 1 --wait"));
            trace.waitFor();
            JsonNode teardown = JsonLines.parse(Commands.run("grep", "teardown", log.toString()))
                    .get(0);
            assertNamed(teardown);
            JsonNode holder = Await.value(
                    "the second program",
                    () -> JsonLines.parse(Commands.run(Aioscope.command("contexts", "--exe", "aiowork", "--json")))
                            .get(0),
                    first -> first.path("type").asString().equals("holder"));
            assertNamed(holder);
            assertThat(holder.path("pid").asString()).isEqualTo(inspect("State.Pid"));
            assertThat(holder.path("namespace_pid").asInt()).isEqualTo(1);
        } finally {
            trace.destroyForcibly();
        }
    }

    private void assertNamed(JsonNode identity) throws Exception {
        assertThat(identity.path("container_runtime").asString()).isEqualTo("podman");
        assertThat(identity.path("container_id").asString()).isEqualTo(inspect("Id"));
        assertThat(identity.path("executable").asString())
                .as("in the container")
                .isEqualTo(IMAGE_PROGRAM);
        assertThat(identity.path("command").asString()).startsWith(IMAGE_PROGRAM + " ");
        assertThat(identity.path("user").asString()).isEqualTo("root");
    }
}
