package dev.aioscope.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.guest.AioWork;
import dev.aioscope.kernel.NotifySocket;
import dev.aioscope.probe.Probes;
import dev.aioscope.recording.Recording;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.CgroupV2;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.DoublePredicate;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon as operators use it: start, reload, overload and exit. */
class DaemonIT {

    @TempDir
    private Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    private final List<Process> daemons = new ArrayList<>();
    private final Map<String, String> environment = new HashMap<>();
    private Path file;
    private Path log;
    private int port;
    /** A copy under a name unique on this host, so that the filter on names selects only its threads. */
    private Path program;
    /** A command that executes the daemon, for a changed environment. */
    private List<String> wrapper = List.of();

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    @BeforeEach
    void prepare() throws IOException {
        file = folder.resolve("aioscope.yaml");
        log = folder.resolve("log");
        port = freePort();
        program = folder.resolve("aio" + ProcessHandle.current().pid());
        Files.copy(Path.of("target/aiowork"), program, StandardCopyOption.COPY_ATTRIBUTES);
        environment.put("RUNTIME_DIRECTORY", folder.toString());
        environment.put("STATE_DIRECTORY", folder.resolve("state").toString());
    }

    @AfterEach
    void end() {
        daemons.forEach(daemon -> daemon.destroyForcibly().onExit().join());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    // ---- a daemon ----

    private Process launch(ProcessBuilder.Redirect output, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.addAll(List.of(Aioscope.commandOfClasses(List.of("-Xmx64m"), "run", "--config", file.toString())));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output);
        builder.environment().putAll(environment);
        Process daemon = builder.start();
        daemons.add(daemon);
        return daemon;
    }

    private Process start(String settings) throws Exception {
        write(settings);
        Process daemon = launch(ProcessBuilder.Redirect.to(log.toFile()));
        awaitLine(daemon, " started: tier syscall");
        return daemon;
    }

    /** Writes the settings of all tests and these. */
    private void write(String settings) throws IOException {
        Files.writeString(
                file,
                "tier: syscall\nscan-interval: 500ms\ncomm: " + program.getFileName() + "\nlisten: 127.0.0.1:" + port
                        + "\n" + settings);
    }

    private void awaitLine(Process daemon, String text) throws Exception {
        long deadline = System.nanoTime() + Await.LIMIT.toNanos();
        while (!Files.readString(log).contains(text)) {
            assertThat(daemon.isAlive() && System.nanoTime() < deadline)
                    .as("'%s' in %s", text, Files.readString(log))
                    .isTrue();
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static void signal(Process daemon, String name) throws Exception {
        Process kill = new ProcessBuilder("sh", "-c", "kill -" + name + " " + daemon.pid()).start();
        assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(kill.exitValue()).isZero();
    }

    private Process work(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Runs the workload and returns the number that it reports under this name. */
    private long runAndCount(String name, String... arguments) throws Exception {
        Process work = work(arguments);
        String output = new String(work.getInputStream().readAllBytes(), UTF_8);
        assertThat(work.waitFor()).as(output).isZero();
        return output.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError(output));
    }

    /**
     * JNA runs ldconfig when it loads, before the daemon handles signals; before its exec, such a child has the arguments of
     * the daemon. {@link ProcessHandle.Info} would cut off the name of the class.
     */
    private static boolean isHelper(ProcessHandle child) {
        try {
            return Files.readString(Path.of("/proc/" + child.pid() + "/cmdline"))
                    .contains("ProcReader");
        } catch (IOException e) {
            return false; // It has ended.
        }
    }

    /** At that moment, the signal also ends the helper process, which has not answered yet. */
    @Test
    void warnsNothingWhenProcessGroupGetsSigtermWhileHelperStarts() throws Exception {
        wrapper = List.of("setsid");
        Files.writeString(file, "tier: proc\nlisten: 127.0.0.1:" + port + "\n");
        Process daemon = launch(ProcessBuilder.Redirect.to(log.toFile()));
        Await.until("the helper process", () -> daemon.children().anyMatch(DaemonIT::isHelper));
        Process kill = new ProcessBuilder("sh", "-c", "kill -TERM -" + daemon.pid()).start();
        assertThat(kill.waitFor()).isZero();

        assertThat(daemon.waitFor()).isZero();
        assertThat(Files.readString(log)).doesNotContain("WARNING").doesNotContain("SEVERE");
    }

    // ---- output ----

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** On an overloaded host, a daemon loses events now and then, and is not ready for a minute. */
    private void awaitReady() throws Exception {
        Await.value("an answer that is ready", () -> get("/readyz"), answer -> answer.statusCode() == 200);
    }

    /** The sum of all series that begin with this text. */
    private double metric(String series) throws Exception {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(series))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private double await(String series, DoublePredicate wanted) throws Exception {
        long deadline = System.nanoTime() + Await.LIMIT.toNanos();
        double value = metric(series);
        while (!wanted.test(value)) {
            assertThat(System.nanoTime()).as("%s is %s", series, value).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(50);
            value = metric(series);
        }
        return value;
    }

    private static final List<String> FOR_USERS = List.of(
            "/",
            "/api",
            "/api/status",
            "/api/history",
            "/api/history/latest",
            "/api/holders",
            "/api/contexts",
            "/api/teardowns",
            "/api/events",
            "/api/audit",
            "/metrics");

    private int statusOverTls(HttpClient secure, String path, String authorization) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", authorization)
                .build();
        return secure.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    /** Makes a key and a certificate of this address, and returns a client that trusts only that certificate. */
    private HttpClient certify(Path key, Path certificate) throws Exception {
        Commands.run(
                "openssl",
                "req",
                "-x509",
                "-nodes",
                "-newkey",
                "rsa:2048",
                "-subj",
                "/CN=test",
                "-days",
                "1",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString());
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream in = Files.newInputStream(certificate)) {
            trusted.setCertificateEntry(
                    "test", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return HttpClient.newBuilder().sslContext(context).build();
    }

    private static final String SETUPS = "aio_context_setups_total";
    private static final String READ = "aioscope_event_read_total";
    private static final String UNRECORDED = "aioscope_event_lost_total{aioscope_reason=\"unrecorded\"}";
    /** The most processes of a test that uses {@link #runAndCount}. */
    private static final int IDENTITIES = 10;

    private static final String RING_FULL = "aioscope_event_lost_total{aioscope_reason=\"ring_full\"}";

    // ---- access ----

    @Test
    void servesPageAndApiOverTlsToUsersOnlyAsMetrics() throws Exception {
        Path key = folder.resolve("key.pem");
        Path certificate = folder.resolve("cert.pem");
        HttpClient secure = certify(key, certificate);
        Path users = folder.resolve("users");
        Files.createFile(users, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        // A test vector of crypt_blowfish: the hash of U*U.
        Files.writeString(users, "a:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
        start("tls-certificate: " + certificate + "\ntls-key: " + key + "\nauth-file: " + users + "\n");
        String basic = "Basic " + Base64.getEncoder().encodeToString("a:U*U".getBytes(UTF_8));

        Await.until("the first scan", () -> statusOverTls(secure, "/api/holders", basic) == 200);
        for (String path : FOR_USERS) {
            assertThat(statusOverTls(secure, path, basic)).as(path).isEqualTo(200);
            assertThat(statusOverTls(secure, path, "Basic bm9ib2R5Og=="))
                    .as(path)
                    .isEqualTo(401);
        }
        assertThatThrownBy(() -> get("/")).isInstanceOf(IOException.class);
    }

    // ---- start and exit ----

    @Test
    void notifiesSystemdOfStartReloadAndStop() throws Exception {
        environment.put("NOTIFY_SOCKET", folder.resolve("notify").toString());
        environment.put("WATCHDOG_USEC", "30000000");
        try (NotifySocket systemd = new NotifySocket(folder.resolve("notify").toString())) {
            Process daemon = start("");
            systemd.await("READY=1", 1);
            systemd.await("WATCHDOG=1", 2);
            systemd.await("STATUS=", 1);
            signal(daemon, "HUP");
            systemd.await("RELOADING=1", 1);
            systemd.await("READY=1", 2);

            daemon.destroy();
            assertThat(daemon.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
            assertThat(daemon.exitValue()).isZero();
            systemd.await("STOPPING=1", 1);
        }
    }

    @Test
    void rejectsSecondDaemonWithPidOfFirstAndStartsAfterKill() throws Exception {
        Process first = start("");
        Path secondLog = folder.resolve("second");
        Process second = launch(ProcessBuilder.Redirect.to(secondLog.toFile()), "--listen", "off");
        assertThat(second.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(3);
        assertThat(Files.readString(secondLog))
                .contains("cannot start a second daemon on this host: pid " + first.pid());

        first.destroyForcibly().onExit().join();
        Process third = launch(ProcessBuilder.Redirect.to(log.toFile()));
        awaitLine(third, " started: tier syscall");
    }

    @Test
    void keepsRunningOnFullDisk() throws Exception {
        write("");
        // Each write to /dev/full fails with ENOSPC: lines of the log, and the pid in the lock.
        Files.createSymbolicLink(folder.resolve("lock"), Path.of("/dev/full"));
        Process daemon = launch(ProcessBuilder.Redirect.to(Path.of("/dev/full").toFile()));
        long deadline = System.nanoTime() + Await.LIMIT.toNanos();
        while (!isServed()) {
            assertThat(daemon.isAlive() && System.nanoTime() < deadline).isTrue();
            TimeUnit.MILLISECONDS.sleep(50);
        }
        write("slow-threshold: soon\n");
        signal(daemon, "HUP");
        long setups = runAndCount("refusals", "storm", "--count", "20");
        await(SETUPS, now -> now == setups);
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
        assertThat(daemon.isAlive()).isTrue();
    }

    @Test
    void logsThatTierWithoutProbesExportsNoTraces() throws Exception {
        environment.put("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
        Files.writeString(file, "tier: sample\nlisten: 127.0.0.1:" + port + "\n");
        awaitLine(launch(ProcessBuilder.Redirect.to(log.toFile())), " started: tier sample");
        assertThat(Files.readString(log))
                .contains(
                        ", traces off: the tier sample observes no times of calls, logs to http://127.0.0.1:1/v1/logs");
    }

    /** As in a pod, root has no capability to read directories of other users. */
    @Test
    void reportsUnreadableNamesOfContainersInReadyzUntilTheyAreReadable() throws Exception {
        Optional<Path> mounted = CgroupV2.mounted();
        assumeTrue(mounted.isPresent(), "cgroup v2 is not mounted");
        String id = "6e".repeat(32);
        Path pod = mounted.orElseThrow()
                .resolve("kubepods-pod" + UUID.randomUUID().toString().replace('-', '_') + ".slice");
        Path container = Files.createDirectories(pod.resolve("cri-containerd-" + id + ".scope"));
        String mount = "mount -t tmpfs -o mode=755 none /var/log && mkdir -m 700 /var/log/containers"
                + " && ln -s /nowhere /var/log/containers/db-0_shop_engine-" + id + ".log"
                + " && chown 65534 /var/log/containers"
                + " && exec setpriv --bounding-set=-dac_override,-dac_read_search \"$@\"";
        wrapper = List.of("unshare", "--mount", "sh", "-c", mount, "sh");
        Process holder = null;
        try {
            Process daemon = start("");
            String enter = "echo $$ >\"$0\"/cgroup.procs && exec \"$@\"";
            holder = new ProcessBuilder(
                            "sh",
                            "-c",
                            enter,
                            container.toString(),
                            program.toString(),
                            "many",
                            "--count",
                            "1",
                            "--wait")
                    .start();
            String line =
                    "cannot read the names of containers: permission denied (hint: permit this user to read /var/log/containers)";
            Await.value(
                    "the line", () -> get("/readyz"), answer -> answer.body().contains("\n" + line + "\n"));
            awaitReady(); // A remark, not a reason to take the daemon out of service.
            assertThat(get("/readyz").body()).startsWith("ready\n").contains(line);
            assertThat(Files.readString(log)).containsOnlyOnce(line);

            Commands.run("nsenter", "--mount", "--target", "" + daemon.pid(), "chmod", "755", "/var/log/containers");
            Await.value(
                    "no line", () -> get("/readyz"), answer -> !answer.body().contains("names of containers"));
            Await.value(
                    "the names",
                    () -> get("/api/contexts"),
                    answer -> answer.body().contains("\"pod_name\":\"db-0\""));
        } finally {
            if (holder != null) {
                holder.destroyForcibly().waitFor();
            }
            Files.delete(container);
            Files.delete(pod);
        }
    }

    @Test
    void staysReadyWithFullRecorderDiskAndResumesWithSpace() throws Exception {
        Path state = Files.createDirectory(folder.resolve("state"));
        // A private, small disk.
        String mount = "mount -t tmpfs -o size=256k none \"$0\" && exec \"$@\"";
        wrapper = List.of("unshare", "--mount", "sh", "-c", mount, state.toString());
        Process daemon = start("ring-size: 16m\n");
        assertThat(runAndCount("refusals", "storm", "--count", "10000")).isEqualTo(10_000);
        await(UNRECORDED, lost -> lost > 0);
        awaitLine(daemon, "unrecorded (hint: check that the disk of recorder-directory has space");
        assertThat(get("/readyz"))
                .satisfies(answer -> assertThat(answer.statusCode()).isEqualTo(200))
                .satisfies(answer -> assertThat(answer.body()).startsWith("ready\nthe flight recorder lost records"));
        awaitEachRecordedOrCounted(daemon, state, 1);

        Process enlarge = new ProcessBuilder(
                        "nsenter",
                        "--mount",
                        "--target",
                        "" + daemon.pid(),
                        "mount",
                        "-o",
                        "remount,size=64m",
                        state.toString())
                .start();
        assertThat(enlarge.waitFor()).isZero();
        double setups = metric(SETUPS);
        double lost = metric(UNRECORDED);
        long before = recorded(daemon, state);
        runAndCount("refusals", "storm", "--count", "100", "--wait");
        await(SETUPS, now -> now == setups + 100);
        awaitEachRecordedOrCounted(daemon, state, before + 100);
        assertThat(metric(UNRECORDED)).isEqualTo(lost);
    }

    /**
     * The recorder counts exactly the records that it did not write, and a few identities that it could not write. The
     * identities that it wrote are not among the records.
     */
    private void awaitEachRecordedOrCounted(Process daemon, Path state, long least) throws Exception {
        long deadline = System.nanoTime() + Await.LIMIT.toNanos();
        double before;
        long recorded;
        double kept;
        // The count of read events changes once a second, that of recorded ones at once.
        do {
            assertThat(System.nanoTime())
                    .as("every event is recorded or counted")
                    .isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(100);
            before = metric(READ);
            recorded = recorded(daemon, state);
            kept = recorded + metric(UNRECORDED);
        } while (recorded < least || kept < before - IDENTITIES || kept > metric(READ) + IDENTITIES);
    }

    /** The records in the recorder's only file, on the disk in the daemon's mount namespace. */
    private static long recorded(Process daemon, Path state) throws IOException {
        Path directory = Path.of("/proc/" + daemon.pid() + "/root" + state);
        Path ring;
        try (Stream<Path> files = Files.list(directory)) {
            ring = files.filter(file -> file.getFileName().toString().startsWith("ring-"))
                    .reduce((one, other) -> {
                        throw new AssertionError(one + " and " + other);
                    })
                    .orElseThrow();
        }
        long[] records = new long[1];
        try (Probes probes = Recording.open(ring).replay(null, false)) {
            while (!probes.isOver()) {
                probes.await(0);
                probes.poll(event -> records[0]++, 10_000);
                if (probes.isScanDue(0, 0)) {
                    probes.inventory(event -> {});
                }
            }
        }
        return records[0];
    }

    private boolean isServed() throws Exception {
        try {
            return get("/healthz").statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    // ---- settings ----

    @Test
    void reloadAppliesReloadableSettingsReportsOthersAndLosesNoEvent() throws Exception {
        Process daemon = start("slow-threshold: 1s\n");
        // 200 calls, one every 10 ms: the reload happens among them.
        Process storm = work("storm", "--count", "200", "--wait");
        await(SETUPS, setups -> setups >= 10);
        write("slow-threshold: 2s\nring-size: 64k\n");
        signal(daemon, "HUP");
        awaitLine(daemon, "Settings reloaded: slow-threshold 1s -> 2s");
        assertThat(Files.readString(log))
                .contains(file + ":6: cannot change ring-size from 1m to 64k while aioscope runs");
        assertThat(storm.waitFor()).isZero();
        await(SETUPS, setups -> setups == 200);
        assertThat(metric(RING_FULL)).isZero();
    }

    /** As when the tests run under {@code nohup} or in the background of a script. */
    @Test
    void reloadsWhenStarterIgnoresSignals() throws Exception {
        wrapper = List.of("sh", "-c", "trap '' HUP INT; exec \"$0\" \"$@\"");
        Process daemon = start("slow-threshold: 1s\n");
        write("slow-threshold: 2s\n");
        signal(daemon, "HUP");
        awaitLine(daemon, "Settings reloaded: slow-threshold 1s -> 2s");
    }

    @Test
    void followsOpenTeardownAcrossReload() throws Exception {
        Process daemon = start("");
        Process stuck = work("sibling", "--wait");
        var output = stuck.inputReader(UTF_8);
        for (String line = output.readLine(); !line.startsWith("siblings "); line = output.readLine()) {
            assertThat(line).isNotNull();
        }
        await("aio_task_uninterruptible_active", active -> active >= 1);
        write("slow-threshold: 300ms\n");
        signal(daemon, "HUP");
        awaitLine(daemon, "Settings reloaded: slow-threshold 100ms -> 300ms");
        stuck.outputWriter(UTF_8).append('\n').flush();
        assertThat(output.lines().toList()).isNotNull();
        assertThat(stuck.waitFor()).isZero();
        await(
                "aio_context_teardowns_total{aio_teardown_end=\"complete\",aio_trigger=\"destroy\"",
                teardowns -> teardowns >= 1);
    }

    @Test
    void reloadOfWrongSettingsChangesNothing() throws Exception {
        Process daemon = start("slow-threshold: 1s\n");
        write("slow-threshold: soon\nlost: 1\nauth-file: /none\n");
        signal(daemon, "HUP");
        awaitLine(daemon, "Settings are unchanged");
        assertThat(Files.readString(log))
                .contains("SEVERE " + file + ":5: slow-threshold: expected a duration such as")
                .contains("SEVERE " + file + ":6: lost: unknown setting");

        // An error found only on use changes nothing either, and the next reload works.
        write("slow-threshold: 3s\nauth-file: /none\n");
        signal(daemon, "HUP");
        awaitLine(daemon, "Settings are unchanged: cannot read /none");
        awaitReady();
        int before = port;
        port = freePort();
        write("slow-threshold: 4s\n");
        signal(daemon, "HUP");
        awaitLine(daemon, "slow-threshold 1s -> 4s, listen 127.0.0.1:" + before + " -> 127.0.0.1:" + port);
        awaitReady();
    }

    /** As with {@code podman run --interactive}: a pipe cannot be read again. */
    @Test
    void keepsSettingsFromPipeOnReload() throws Exception {
        file = Path.of("/dev/stdin");
        Process daemon = launch(ProcessBuilder.Redirect.to(log.toFile()));
        try (Writer settings = daemon.outputWriter(UTF_8)) {
            settings.write("tier: syscall\nslow-threshold: 1s\nlisten: 127.0.0.1:" + port + "\n");
        }
        awaitLine(daemon, " started: tier syscall");
        signal(daemon, "HUP");
        awaitLine(daemon, "Settings are unchanged");
        assertThat(Files.readString(log)).contains("SEVERE /dev/stdin: cannot read it twice");
        awaitReady();
    }

    @Test
    void reportsAllWrongSettingsAtStart() throws Exception {
        write("slow-threshold: soon\nlost: 1\n");
        Process daemon = launch(ProcessBuilder.Redirect.to(log.toFile()));
        assertThat(daemon.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(daemon.exitValue()).isEqualTo(2);
        assertThat(Files.readString(log).lines())
                .hasSize(2)
                .satisfiesExactly(
                        line -> assertThat(line).startsWith(file + ":5: slow-threshold: expected a duration such as"),
                        line -> assertThat(line).startsWith(file + ":6: lost: unknown setting"));
    }

    // ---- overload ----

    @Test
    void countsLossesOfStoppedReaderAndRecovers() throws Exception {
        Process daemon = start("ring-size: 4k\n");
        boolean isExact = false;
        // If other programs use AIO meanwhile, their losses cannot be distinguished from these: try again.
        for (int attempt = 0; attempt < 10 && !isExact; attempt++) {
            double setups = metric(SETUPS);
            double read = metric(READ);
            double lost = metric(RING_FULL);
            signal(daemon, "STOP");
            long calls = runAndCount("refusals", "storm", "--count", "20000");
            signal(daemon, "CONT");
            await(RING_FULL, now -> now > lost);
            double all = setups + lost + calls;
            long deadline = System.nanoTime() + Await.LIMIT.toNanos();
            while (metric(SETUPS) + metric(RING_FULL) < all) {
                assertThat(System.nanoTime())
                        .as("every event is read or counted")
                        .isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(100);
            }
            // The first record of a process says who it is.
            double foreign = metric(READ) - read - (metric(SETUPS) - setups) - 1;
            isExact = foreign == 0 && metric(SETUPS) + metric(RING_FULL) == all;
            assertThat(metric(SETUPS) - setups)
                    .as("read of 20000, with a ring for some 30")
                    .isBetween(1.0, 1000.0);
        }
        assertThat(isExact).as("read and lost events are all events").isTrue();
        assertThat(Files.readString(log)).contains("ring_full (hint: raise ring-size");
        assertThat(get("/readyz"))
                .satisfies(answer -> assertThat(answer.statusCode()).isEqualTo(503))
                .satisfies(answer -> assertThat(answer.body()).contains("events were lost within the last minute"));

        double before = metric(SETUPS);
        assertThat(runAndCount("refusals", "storm", "--count", "100", "--wait")).isEqualTo(100);
        await(SETUPS, now -> now == before + 100);
    }

    /** 100,000 processes with {@code -Dall}, else 25,000. */
    @Test
    void keepsMemoryAndSeriesConstantOverManyProcesses() throws Exception {
        int processes = Boolean.getBoolean("all") ? 100_000 : 25_000;
        Process daemon = start("max-contexts: 1024\nmax-queued-events: 1024\nmax-identities: 256\n");
        double memory = metric("process_memory_usage_bytes");
        double before = metric(SETUPS);
        double read = metric(READ);
        long contexts = runAndCount("contexts", "swarm", "--count", "" + processes, "--charge", "8");
        assertThat(contexts).isEqualTo(processes);

        double setups = await(SETUPS, now -> now - before + lost() >= contexts) - before;
        double nameless = metric("aioscope_event_lost_total{aioscope_reason=\"identity\"}");
        double identities = contexts - nameless;
        double foreign = await(READ, now -> now - read >= setups + identities) - read - setups - identities;
        assertThat(setups + lost())
                .as("read and lost events are all events, plus those of other programs")
                .isBetween((double) contexts, contexts + foreign);
        await("aio_context_active", active -> active == 0);
        assertThat(metric("aioscope_process_unidentified_total"))
                .as("processes without the kernel's record")
                .isLessThanOrEqualTo(nameless);
        assertThat(get("/metrics").body().lines().filter(line -> !line.startsWith("#")))
                .as("series")
                .hasSizeLessThan(500);
        assertThat(metric("process_memory_usage_bytes") - memory)
                .as("growth in bytes")
                .isLessThan(48e6);
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
        assertThat(daemon.isAlive()).isTrue();
    }

    private double lost() {
        try {
            return metric(RING_FULL) + metric("aioscope_event_lost_total{aioscope_reason=\"map_full\"}");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
