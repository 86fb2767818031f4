package dev.aioscope.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.backend.ServerProcess;
import dev.aioscope.guest.AioWork;
import dev.aioscope.guest.PackageFiles;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.Podman;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Builds the image from the package and runs it as its Containerfile describes, where podman works. */
class ImageIT {
    private static final Path DESCRIPTION = Path.of("packaging/Containerfile");
    /** Its options that do not depend on the machine. */
    private static final Pattern OPTION = Pattern.compile("--(?:pid|cap-\\w+|security-opt|read-only|tmpfs)\\S*");

    private final String name = "aioscope-test-" + ProcessHandle.current().pid();
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    @AfterEach
    void remove() throws Exception {
        if (Commands.isInstalled("podman")) {
            Commands.execute("podman", "rm", "--force", name);
            Commands.execute("podman", "rmi", "--force", name);
        }
    }

    @Test
    void observesHostWithDocumentedOptions() throws Exception {
        Podman.assumeAvailable();
        PackageFiles.build();
        // In a chroot, which needs no privileges of the machine; without layers, which would remain.
        List<String> build = List.of("--isolation=chroot", "--network=host", "--layers=false", "--tag", name);
        Commands.run(Stream.of(
                        List.of("podman", "build", "--file", DESCRIPTION.toString()), build, List.of("target/packages"))
                .flatMap(List::stream)
                .toArray(String[]::new));

        int port = ServerProcess.freePort();
        List<String> command =
                new ArrayList<>(List.of(Podman.run("--detach", "--name", name, "--tmpfs=/var/lib/aioscope")));
        OPTION.matcher(Files.readString(DESCRIPTION))
                .results()
                .map(MatchResult::group)
                .forEach(command::add);
        assertThat(command).contains("--pid=host", "--cap-drop=all", "--read-only");
        command.addAll(
                List.of(name, "run", "--listen", "127.0.0.1:" + port, "--tier", "sample", "--scan-interval", "1s"));
        Commands.run(command.toArray(String[]::new));

        AioWork.compile();
        try (AioWork work = AioWork.start("destroy", "--charge", "4321", "--wait")) {
            work.await("ready");
            awaitContext(port, "\"pid\":" + work.pid(), "4321");
        }
        assertThat(Commands.run("podman", "logs", name)).contains("tier sample, engine core,");
        String pid = Commands.run("podman", "inspect", "--format", "{{.State.Pid}}", name)
                .strip();
        assertThat(Files.readString(Path.of("/proc", pid, "status")))
                .as("BPF, PERFMON and SYSLOG")
                .contains("CapEff:\t000000c400000000\n", "CapBnd:\t000000c400000000\n", "NoNewPrivs:\t1\n");

        Commands.run("podman", "stop", "--time", "10", name);
        assertThat(Commands.run("podman", "inspect", "--format", "{{.State.ExitCode}}", name))
                .isEqualTo("0\n");
    }

    /** Waits until /api/contexts contains these texts. */
    private void awaitContext(int port, String... texts) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/contexts"))
                .timeout(Await.LIMIT)
                .build();
        Await.value(
                "a context with " + List.of(texts),
                () -> {
                    try {
                        return client.send(request, HttpResponse.BodyHandlers.ofString())
                                .body();
                    } catch (IOException e) {
                        return e.toString(); // The daemon does not listen yet.
                    }
                },
                body -> Arrays.stream(texts).allMatch(body::contains));
    }
}
