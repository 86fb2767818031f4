package dev.aioscope.guest;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.testing.Commands;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** With Debian's containerd, in a separate daemon. */
class ContainerdIT extends ContainerTests {
    /** As nerdctl chooses one; ctr takes any. */
    private static final String ID = "5c".repeat(32);

    @TempDir
    private static Path folder;

    private static Process daemon;
    private Process container;

    @BeforeAll
    static void startDaemon() throws Exception {
        assumeTrue(Commands.isInstalled("ctr"), "containerd is not installed (apt-get install containerd runc)");
        Path settings = folder.resolve("config.toml");
        Files.writeString(settings, """
                version = 2
                root = "%1$s/root"
                state = "%1$s/state"
                disabled_plugins = ["io.containerd.grpc.v1.cri"]
                [grpc]
                  address = "%1$s/socket"
                """.formatted(folder));
        Path log = folder.resolve("containerd.log");
        daemon = Commands.start(log, "containerd", "--config", settings.toString());
        Commands.awaitText(daemon, log, "successfully booted");
        AioWork.compileStatic(Files.createDirectory(folder.resolve("image")).resolve("aiowork"));
    }

    @AfterAll
    static void stopDaemon() throws Exception {
        if (daemon != null) {
            daemon.destroy();
            Commands.awaitExit(daemon);
        }
    }

    private static List<String> ctr(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of("ctr", "--address", folder.resolve("socket").toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    @Override
    String runtime() {
        return "containerd";
    }

    @Override
    void start() throws Exception {
        List<String> run =
                ctr("run", "--rm", "--rootfs", folder.resolve("image").toString(), ID);
        run.addAll(COMMAND);
        container = new ProcessBuilder(run).redirectErrorStream(true).start();
    }

    @Override
    String id() {
        return ID;
    }

    @Override
    String pid() throws Exception {
        return Commands.run(ctr("task", "list").toArray(String[]::new))
                .lines()
                .filter(line -> line.startsWith(ID))
                .map(line -> line.split("\\s+", -1)[1])
                .findFirst()
                .orElseThrow();
    }

    @Override
    void remove() throws Exception {
        if (container != null) {
            container.outputWriter().close();
            Commands.awaitExit(container);
        }
    }
}
