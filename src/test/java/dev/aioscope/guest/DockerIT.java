package dev.aioscope.guest;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.testing.Commands;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** With Debian's docker.io, in a daemon that changes nothing on the host. */
class DockerIT extends ContainerTests {
    private static final String IMAGE = "aioscope-test";
    private static final String CONTAINER = "holder";

    @TempDir
    private static Path folder;

    private static Process daemon;

    @BeforeAll
    static void startDaemon() throws Exception {
        assumeTrue(Commands.isInstalled("dockerd"), "docker is not installed (apt-get install docker.io)");
        Path log = folder.resolve("dockerd.log");
        daemon = Commands.start(
                log,
                "dockerd",
                "--host=unix://" + folder.resolve("docker.sock"),
                "--data-root=" + folder.resolve("data"),
                "--exec-root=" + folder.resolve("exec"),
                "--pidfile=" + folder.resolve("pid"),
                "--storage-driver=vfs",
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false");
        Commands.awaitText(daemon, log, "API listen on");
        Path archive = folder.resolve("image.tar");
        AioWork.compileStatic(folder.resolve("aiowork"));
        Commands.run("tar", "-C", folder.toString(), "-cf", archive.toString(), "aiowork");
        docker("import", archive.toString(), IMAGE);
    }

    @AfterAll
    static void stopDaemon() throws Exception {
        if (daemon != null) {
            daemon.destroy();
            Commands.awaitExit(daemon);
        }
    }

    private static String docker(String... arguments) throws Exception {
        return Commands.run(command(arguments)).strip();
    }

    private static String[] command(String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", "--host=unix://" + folder.resolve("docker.sock")));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    @Override
    String runtime() {
        return "docker";
    }

    @Override
    void start() throws Exception {
        List<String> run = new ArrayList<>(
                List.of("run", "--detach", "--interactive", "--network=none", "--name=" + CONTAINER, IMAGE));
        run.addAll(COMMAND);
        docker(run.toArray(String[]::new));
    }

    @Override
    String id() throws Exception {
        return docker("inspect", "--format", "{{.Id}}", CONTAINER);
    }

    @Override
    String pid() throws Exception {
        return docker("inspect", "--format", "{{.State.Pid}}", CONTAINER);
    }

    @Override
    void remove() throws Exception {
        Commands.execute(command("rm", "--force", CONTAINER));
    }
}
