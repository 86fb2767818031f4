package dev.aioscope.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Runs containers where podman works. */
public final class Podman {
    /** The image that tests use. */
    public static final String BASE = "docker.io/library/debian:bookworm-slim";

    private Podman() {}

    /** Skips the test with the reason unless podman can run a container of {@link #BASE} here. */
    public static void assumeAvailable() throws IOException {
        assumeTrue(Commands.isInstalled("podman"), "podman is not installed (apt-get install podman runc)");
        CommandResult pulled =
                Commands.execute("sh", "-c", "podman image exists " + BASE + " || podman pull --quiet " + BASE);
        assumeTrue(pulled.status() == 0, BASE + " is unavailable (packaging/README.md): " + pulled.output());
        CommandResult trial = Commands.execute(run("--rm", BASE, "true"));
        assumeTrue(trial.status() == 0, "podman cannot run a container here: " + trial.output());
    }

    /**
     * A command that runs a container, with options for this machine: it may not raise limits, and needs no network
     * namespace.
     *
     * @param rest options, image and command
     */
    public static String[] run(String... rest) {
        List<String> command = new ArrayList<>(List.of("podman"));
        if (Commands.isInstalled("runc")) {
            command.add("--runtime=runc");
        }
        command.addAll(List.of("run", "--network=host", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"));
        Collections.addAll(command, rest);
        return command.toArray(String[]::new);
    }
}
