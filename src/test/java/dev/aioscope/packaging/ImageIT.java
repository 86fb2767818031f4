package dev.aioscope.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.guest.AioWork;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
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
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image, built of the package and run as its description says, on a machine where podman can do that. */
class ImageIT {
    private static final String BASE = "docker.io/library/debian:bookworm-slim";
    private static final Path DESCRIPTION = Path.of("packaging/Containerfile");
    /** Those of its options that do not depend on the machine. */
    private static final Pattern OPTION = Pattern.compile("--(?:pid|cap-\\w+|security-opt|read-only|tmpfs)\\S*");

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String name = "aioscope-test-" + ProcessHandle.current().pid();
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    @TempDir
    private Path folder;

    private record Ended(int status, String said) {}

    private Ended runs(String... command) throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(300, TimeUnit.SECONDS);
        process.destroyForcibly();
        String said = Files.readString(output);
        assertThat(ended).as("%s: %s", List.of(command), said).isTrue();
        return new Ended(process.exitValue(), said);
    }

    private String run(String... command) throws IOException, InterruptedException {
        Ended ended = runs(command);
        assertThat(ended.status).as("%s: %s", List.of(command), ended.said).isZero();
        return ended.said;
    }

    private static boolean isInstalled(String tool) {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
    }

    /** With what the machine needs: its limits may not be raised, and a network of its own is of no use here. */
    private static List<String> podmanRun() {
        List<String> command = new ArrayList<>(List.of("podman"));
        if (isInstalled("runc")) {
            command.add("--runtime=runc");
        }
        command.addAll(List.of("run", "--network=host", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"));
        return command;
    }

    private void assumeContainers() throws Exception {
        assumeTrue(isInstalled("podman"), "podman is not installed (apt-get install podman runc)");
        Ended pulled = runs("sh", "-c", "podman image exists " + BASE + " || podman pull --quiet " + BASE);
        assumeTrue(pulled.status == 0, BASE + " cannot be had (packaging/README.md): " + pulled.said);
        List<String> command = podmanRun();
        command.addAll(List.of("--rm", BASE, "true"));
        Ended tried = runs(command.toArray(String[]::new));
        assumeTrue(tried.status == 0, "podman cannot run a container here: " + tried.said);
    }

    private void makePackage() throws Exception {
        Files.createDirectories(Path.of("target/packages"));
        String made = run("find", "target/packages", "-name", "aioscope_*.deb", "-newer", "target/aioscope.jar");
        if (made.lines().filter(path -> !path.contains("/later/")).count() != 1) {
            run("packaging/build", "--quick", "deb");
        }
    }

    @AfterEach
    void remove() throws Exception {
        if (isInstalled("podman")) {
            runs("podman", "rm", "--force", name);
            runs("podman", "rmi", "--force", name);
        }
    }

    @Test
    void whatItsDescriptionGivesItIsEnoughToWatchTheHost() throws Exception {
        assumeContainers();
        makePackage();
        // In a chroot, which asks nothing of the machine; without layers, which would stay.
        List<String> build = List.of("--isolation=chroot", "--network=host", "--layers=false", "--tag", name);
        run(Stream.of(List.of("podman", "build", "--file", DESCRIPTION.toString()), build, List.of("target/packages"))
                .flatMap(List::stream)
                .toArray(String[]::new));

        int port = freePort();
        List<String> command = podmanRun();
        command.addAll(List.of("--detach", "--name", name, "--tmpfs=/var/lib/aioscope"));
        OPTION.matcher(Files.readString(DESCRIPTION))
                .results()
                .map(MatchResult::group)
                .forEach(command::add);
        assertThat(command).contains("--pid=host", "--cap-drop=all", "--read-only");
        command.addAll(
                List.of(name, "run", "--listen", "127.0.0.1:" + port, "--tier", "sample", "--scan-interval", "1s"));
        run(command.toArray(String[]::new));

        AioWork.compile();
        try (AioWork work = AioWork.start("destroy", "--charge", "4321", "--wait")) {
            work.await("ready");
            awaitContext(port, "\"pid\":" + work.pid(), "4321");
        }
        assertThat(run("podman", "logs", name)).contains("tier sample, engine core,");
        String pid =
                run("podman", "inspect", "--format", "{{.State.Pid}}", name).strip();
        assertThat(Files.readString(Path.of("/proc", pid, "status")))
                .as("BPF, PERFMON and SYSLOG")
                .contains("CapEff:\t000000c400000000\n", "CapBnd:\t000000c400000000\n", "NoNewPrivs:\t1\n");

        run("podman", "stop", "--time", "10", name);
        assertThat(run("podman", "inspect", "--format", "{{.State.ExitCode}}", name))
                .isEqualTo("143\n");
    }

    /** Until a process of the host is shown with these. */
    private void awaitContext(int port, String... texts) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/contexts"))
                .timeout(PATIENCE)
                .build();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        String shown = "";
        while (!Arrays.stream(texts).allMatch(shown::contains)) {
            assertThat(System.nanoTime())
                    .as("%s in %s; %s", List.of(texts), shown, runs("podman", "logs", name).said)
                    .isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(100);
            try {
                shown = client.send(request, HttpResponse.BodyHandlers.ofString())
                        .body();
            } catch (IOException e) {
                shown = e.toString(); // It does not listen yet.
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
