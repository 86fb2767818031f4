package dev.aioscope.guest;

import dev.aioscope.testing.Commands;
import dev.aioscope.testing.Podman;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;

/** With Podman. */
class ContainerIT extends ContainerTests {
    private final String name = "aioscope-holder-" + ProcessHandle.current().pid();

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
        Podman.assumeAvailable();
    }

    @Override
    String runtime() {
        return "podman";
    }

    @Override
    void start() throws Exception {
        List<String> options = new ArrayList<>(List.of(
                "--detach",
                "--interactive",
                "--name=" + name,
                "--hostname=db-0",
                "--volume=" + AioWork.PROGRAM + ":" + PROGRAM,
                Podman.BASE));
        options.addAll(COMMAND);
        Commands.run(Podman.run(options.toArray(String[]::new)));
    }

    @Override
    String id() throws Exception {
        return inspect("Id");
    }

    @Override
    String pid() throws Exception {
        return inspect("State.Pid");
    }

    private String inspect(String field) throws Exception {
        return Commands.run("podman", "inspect", "--format", "{{." + field + "}}", name)
                .strip();
    }

    @Override
    void remove() throws Exception {
        Commands.execute("podman", "rm", "--force", "--time=0", name);
    }
}
