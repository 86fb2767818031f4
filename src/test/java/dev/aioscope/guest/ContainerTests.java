package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Compares the identity of a process in a container with what its runtime says. */
abstract class ContainerTests {
    /** The program in the container. */
    static final String PROGRAM = "/aiowork";

    /** Holds a context until its input ends. */
    static final List<String> COMMAND = List.of(PROGRAM, "many", "--count", "1", "--wait");

    abstract String runtime();

    /** Runs {@link #COMMAND} in a container with an open input. */
    abstract void start() throws Exception;

    abstract String id() throws Exception;

    abstract String pid() throws Exception;

    /** Ends the container if there is one. */
    abstract void remove() throws Exception;

    @AfterEach
    final void cleanUp() throws Exception {
        remove();
    }

    /** A scan shows the holder, and the probe of io_setup identifies it before its exit. */
    @Test
    void namesContainerAsItsRuntimeDoes(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("trace.log");
        Process trace = Commands.start(
                log, Aioscope.command("trace", "--tier", "syscall", "--exe", "aiowork", "--json", "--count", "1"));
        try {
            Commands.awaitText(trace, log, "Tier syscall");
            start();
            JsonNode holder = Await.value(
                    "the program",
                    () -> JsonLines.parse(Commands.run(Aioscope.command("contexts", "--exe", "aiowork", "--json")))
                            .get(0),
                    first -> first.path("type").asString().equals("holder"));
            String id = id();
            assertNamed(holder, "", id);
            assertThat(holder.path("pid").asString()).isEqualTo(pid());
            assertThat(holder.path("namespace_pid").asInt()).isEqualTo(1);
            remove();
            Commands.awaitExit(trace);
            assertNamed(
                    JsonLines.parse(Commands.run("grep", "\"type\":\"teardown\"", log.toString()))
                            .get(0),
                    "owner_",
                    id);
        } finally {
            trace.destroyForcibly();
        }
    }

    private void assertNamed(JsonNode process, String prefix, String id) {
        assertThat(process.path(prefix + "container_runtime").asString()).isEqualTo(runtime());
        assertThat(process.path(prefix + "container_id").asString()).isEqualTo(id);
        assertThat(process.path(prefix + "executable").asString())
                .as("in the container")
                .isEqualTo(PROGRAM);
        assertThat(process.path(prefix + "command").asString()).isEqualTo(String.join(" ", COMMAND));
        assertThat(process.path(prefix + "user").asString()).isEqualTo("root");
        assertThat(process.path(prefix + "group").asString()).isEqualTo("root");
    }
}
