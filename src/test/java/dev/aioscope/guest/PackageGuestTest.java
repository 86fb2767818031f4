package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The life cycle of the packages on a host with systemd, from installation to removal, in this order. */
@Tag("guest")
@Tag("systemd")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PackageGuestTest {
    private static final String UNIT = "aioscope.service";
    private static final Path DROP_INS = Path.of("/run/systemd/system/aioscope.service.d");
    private static final Path SETTINGS = Path.of("/etc/aioscope/aioscope.yaml");
    private static final Path NEW_SETTINGS = Path.of(SETTINGS + ".rpmnew");
    /** The lab's folder of all files that the guest has changed: a search of all files would take minutes. */
    private static final Path CHANGES = Path.of("/run/lab/changes");

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    @Order(1)
    void startsNothingOnInstallation() throws IOException {
        // In container images, this file forbids packages to start services.
        Files.deleteIfExists(Path.of("/usr/sbin/policy-rc.d"));
        dpkg("--install", PackageFiles.deb().toString());
        assertThat(show("ActiveState")).isEqualTo("inactive");
        assertThat(show("LoadState")).isEqualTo("loaded");
        assertThat(Commands.run("id", "-un", "aioscope")).isEqualTo("aioscope\n");
        assertThat(Commands.run("aioscope", "version")).startsWith("aioscope ");
        assertThat(Path.of("/usr/share/aioscope/grafana/aioscope-host.json")).exists();
        assertThat(Files.readString(Path.of("/usr/share/aioscope/prometheus/aioscope.rules.yml")))
                .contains("runbook_url: file:///usr/share/doc/aioscope/runbook.md#aioteardownstuck\n");
        assertThat(Files.readString(Path.of("/usr/share/doc/aioscope/runbook.md")))
                .contains("## AioTeardownStuck\n");
        // -Xshare:on fails if the archive is unusable.
        String home = "/usr/lib/aioscope/";
        Commands.run(home + "runtime/bin/java", "-Xshare:on", "-jar", home + "aioscope.jar", "version");
    }

    @Test
    @Order(2)
    void dependsOnLinkedLibrariesInDeb() throws IOException {
        Set<String> needed = new TreeSet<>();
        for (String library : linked()) {
            Commands.run("dpkg-query", "--search", "*-linux-gnu/" + library)
                    .lines()
                    .map(line -> line.substring(0, line.indexOf(':')))
                    .forEach(needed::add);
        }
        String deb = PackageFiles.deb().toString();
        String[] depends =
                Commands.run("dpkg-deb", "--field", deb, "Depends").strip().split(", ", -1);
        assertThat(Arrays.stream(depends).map(one -> one.replaceFirst(" \\(.*\\)$", "")))
                .containsExactlyInAnyOrderElementsOf(needed);
        assertThat(Commands.run("dpkg-deb", "--field", deb, "Recommends")).isEqualTo("libbpfcc\n");
        assertThat(Commands.run("dpkg-deb", "--field", deb, "Pre-Depends")).matches("init-system-helpers \\(.*\\)\n");
    }

    @Test
    @Order(3)
    void requiresLinkedLibrariesInRpm() throws IOException {
        Set<String> needed = new TreeSet<>(Set.of("/bin/sh"));
        linked().forEach(library -> needed.add(library + "()(64bit)"));
        String rpm = PackageFiles.rpm().toString();
        // Without symbol versions such as libc.so.6(GLIBC_2.34)(64bit), and without requirements on rpm itself.
        assertThat(Commands.run("rpm", "--query", "--package", "--requires", rpm)
                        .lines()
                        .filter(one -> !one.matches("rpmlib\\(.*|rtld\\(.*|config\\(.*|.*\\([^)]+\\)\\(64bit\\)"))
                        .distinct())
                .containsExactlyInAnyOrderElementsOf(needed);
        assertThat(Commands.run("rpm", "--query", "--package", "--recommends", rpm))
                .isEqualTo("bcc\n");
    }

    /** The libraries that the installed programs and libraries link, except their own. */
    private static Set<String> linked() throws IOException {
        List<String> objdump = new ArrayList<>(List.of("objdump", "--private-headers"));
        Set<String> own = new HashSet<>();
        try (Stream<Path> files = Files.walk(Path.of("/usr/lib/aioscope"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (isElf(file)) {
                    objdump.add(file.toString());
                    own.add(file.getFileName().toString());
                }
            }
        }
        Set<String> linked = Commands.run(objdump.toArray(String[]::new))
                .lines()
                .filter(line -> line.startsWith("  NEEDED "))
                .map(line -> line.replaceFirst(".* ", ""))
                .collect(Collectors.toCollection(TreeSet::new));
        linked.removeAll(own);
        assertThat(linked).contains("libc.so.6");
        return linked;
    }

    private static boolean isElf(Path file) throws IOException {
        try (InputStream input = Files.newInputStream(file)) {
            return new String(input.readNBytes(4), StandardCharsets.ISO_8859_1).equals("\177ELF");
        }
    }

    @Test
    @Order(4)
    void observesOtherUserWithCapabilitiesOfUnit() throws Exception {
        NullBlockDevice.load();
        Commands.run("chmod", "a+rw", "/dev/nullb0");
        Commands.run("systemctl", "start", UNIT);
        assertThat(journal()).contains("tier full, engine core,").doesNotContain("; cannot use ");
        List<String> nobody = List.of("setpriv", "--reuid=nobody", "--clear-groups");
        try (AioWork work = AioWork.startThrough(nobody, "destroy", "--wait")) {
            work.await("aio_nr");
            // From the kernel's record: without CAP_SYS_PTRACE, /proc does not show the executable.
            awaitMetrics(text -> text.lines()
                    .anyMatch(line -> line.startsWith("aio_context_active{")
                            && line.contains("process_executable_name=\"aiowork\"")));
            work.proceed();
            work.finish();
        }
        // Without --wait, because the requests would complete meanwhile.
        try (AioWork work = AioWork.startThrough(nobody, "destroy", "--device", "/dev/nullb0", "--outstanding", "3")) {
            work.finish();
        }
        awaitMetrics(text -> text.contains("aio_context_destroy_outstanding_sum{aio_trigger=\"destroy\"} 3.0"));
        assertThat(journal()).doesNotContain("CAP_SYSLOG");
        String status = Files.readString(Path.of("/proc", show("MainPID"), "status"));
        assertThat(status).containsPattern("CapEff:\t000000c000000000\n").contains("NoNewPrivs:\t1\n");
        assertThat(Commands.run("ps", "-o", "user=", "-p", show("MainPID")).strip())
                .isEqualTo("aioscope");
    }

    @Test
    @Order(5)
    void scoresWellInSecurityAnalysis() throws IOException {
        Commands.run("systemd-analyze", "security", "--no-pager", "--threshold=19", UNIT);
    }

    @Test
    @Order(6)
    void reloadsSettingsWithoutRestart() throws IOException {
        String pid = show("MainPID");
        Files.writeString(SETTINGS, "\nslow-threshold: 123ms\n", StandardOpenOption.APPEND);
        Commands.run("systemctl", "reload", UNIT);
        awaitJournal("123ms");
        assertThat(show("MainPID")).isEqualTo(pid);
        assertThat(show("ActiveState")).isEqualTo("active");
    }

    /** Durations use CLOCK_BOOTTIME; systemd and its watchdog use CLOCK_MONOTONIC. */
    @Test
    @Order(7)
    void measuresSameDurationsWhenClockIsSet() throws IOException {
        String pid = show("MainPID");
        double count = destroys("count");
        for (String step : List.of("+3 hours", "-6 hours", "+3 hours")) {
            Commands.run("date", "--set", step);
            double expected = ++count;
            double before = destroys("sum");
            try (AioWork work = AioWork.start("destroy")) {
                work.finish();
            }
            await(
                    "io_destroys",
                    () -> String.valueOf(destroys("count")),
                    text -> text.equals(String.valueOf(expected)));
            assertThat(destroys("sum") - before).as("seconds after " + step).isBetween(1e-6, 60.0);
        }
        assertThat(show("MainPID")).isEqualTo(pid);
    }

    private double destroys(String what) throws IOException {
        return metrics()
                .lines()
                .filter(line ->
                        line.startsWith("aio_context_destroy_duration_seconds_" + what + "{aio_trigger=\"destroy\"} "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Test
    @Order(8)
    void keepsSettingsOnUpgrade() throws IOException {
        String pid = show("MainPID");
        dpkg("--install", PackageFiles.laterDeb().toString());
        awaitActiveBesides(pid);
        assertThat(Files.readString(SETTINGS)).contains("slow-threshold: 123ms");
    }

    @Test
    @Order(9)
    void restartsAfterKillAndRediscoversContexts() throws IOException {
        try (AioWork work = AioWork.start("destroy", "--wait")) {
            work.await("aio_nr");
            String pid = show("MainPID");
            Commands.run("kill", "-KILL", pid);
            awaitActiveBesides(pid);
            awaitMetrics(text ->
                    text.lines().anyMatch(line -> line.startsWith("aio_context_active{") && line.contains("aiowork")));
            work.proceed();
            work.finish();
        }
        awaitMetrics(text -> text.lines()
                .anyMatch(line -> line.startsWith("aio_context_teardowns_total{") && line.contains("\"complete\"")));
    }

    @Test
    @Order(10)
    void restartsWhenStopped() throws IOException {
        restartWith("WatchdogSec=8s");
        String pid = show("MainPID");
        Commands.run("kill", "-STOP", pid);
        awaitActiveBesides(pid);
        assertThat(Commands.run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT))
                .contains("Watchdog timeout");
    }

    @Test
    @Order(11)
    void keepsOldSettingsOnReloadAndFailsStartIfCorrupt() throws IOException {
        String good = Files.readString(SETTINGS);
        String pid = show("MainPID");
        try {
            Files.writeString(SETTINGS, good + "slow-threshold: [1s\n\0\n");
            Commands.run("systemctl", "reload", UNIT);
            awaitJournal("Settings are unchanged");
            assertThat(journal("--priority=err"))
                    .contains("Settings are unchanged")
                    .doesNotContain(" started: ");
            assertThat(show("ActiveState") + " " + show("MainPID")).isEqualTo("active " + pid);

            assertThat(Commands.execute("systemctl", "restart", UNIT).status()).isNotZero();
            assertThat(journal()).contains(SETTINGS + ":" + (good.lines().count() + 2) + ": ");
            assertThat(show("ActiveState") + " " + show("NRestarts")).isEqualTo("failed 0");
        } finally {
            Files.writeString(SETTINGS, good);
        }
        Commands.run("systemctl", "start", UNIT);
    }

    /** The capabilities and log messages that agent/privileges.md documents. */
    @ParameterizedTest
    @MethodSource("documented")
    @Order(12)
    void logsMissingCapability(String capability, String message) throws IOException {
        String others = Arrays.stream(
                        show("CapabilityBoundingSet").toUpperCase(Locale.ROOT).split(" "))
                .filter(other -> !other.equals(capability))
                .collect(Collectors.joining(" "));
        restartWith("AmbientCapabilities=\nCapabilityBoundingSet=\nAmbientCapabilities=" + others
                + "\nCapabilityBoundingSet=" + others);
        awaitJournal(message);
        assertThat(show("ActiveState")).isEqualTo("active");
    }

    static List<String[]> documented() throws IOException {
        return Files.readAllLines(Path.of("agent/privileges.md")).stream()
                .filter(line -> line.startsWith("| `CAP_"))
                .map(line -> new String[] {line.split("`", -1)[1], line.replaceFirst(".*\\| `([^`]*)`.*", "$1")})
                .toList();
    }

    /** For a systemd that does not know the names of the unit's capabilities. */
    @Test
    @Order(13)
    void reachesSameTierWithDropInForOlderSystemd() throws IOException {
        restartWith("AmbientCapabilities=\nCapabilityBoundingSet=\n"
                + Files.readString(Path.of("/usr/share/doc/aioscope/older-systemd.conf")));
        assertThat(journal()).contains("tier full, engine core,");
        assertThat(Files.readString(Path.of("/proc", show("MainPID"), "status")))
                .as("CAP_SYS_ADMIN")
                .containsPattern("CapEff:\t0000000000200000\n");
    }

    @Test
    @Order(14)
    void leavesNothingAfterRemoval() throws IOException {
        List<Path> files = Commands.run("dpkg", "--listfiles", "aioscope")
                .lines()
                .filter(line -> line.contains("aioscope"))
                .map(Path::of)
                .toList();
        assertThat(files).hasSizeGreaterThan(50).allMatch(Files::exists);
        Commands.run("rm", "-r", DROP_INS.toString());
        dpkg("--purge", "aioscope");
        assertNothingLeft(files);
    }

    /** The life cycle of the .rpm, on Debian: systemd and paths are the same, only dependencies have other names. */
    @Test
    @Order(15)
    void installsAndRunsRpm() throws IOException {
        rpm("--install", PackageFiles.rpm().toString());
        assertThat(filesOfRpm()).hasSizeGreaterThan(50).allMatch(Files::exists);
        assertThat(Commands.run("rpm", "--verify", "--nodeps", "aioscope")).isEmpty();
        assertThat(show("ActiveState")).isEqualTo("inactive");
        assertThat(Commands.run("id", "-un", "aioscope")).isEqualTo("aioscope\n");
        Commands.run("systemctl", "enable", "--now", UNIT);
        assertThat(journal()).contains("tier full, engine core,");
    }

    @Test
    @Order(16)
    void removesOnlyOldVersionOnRpmUpgrade() throws IOException {
        Files.writeString(SETTINGS, "\nslow-threshold: 123ms\n", StandardOpenOption.APPEND);
        String settings = Files.readString(SETTINGS);
        String user = Commands.run("id", "aioscope");
        String pid = show("MainPID");
        assertThat(PackageFiles.DROPPED).exists();

        rpm("--upgrade", PackageFiles.laterRpm().toString());
        awaitActiveBesides(pid);
        assertThat(Files.readSymbolicLink(Path.of("/proc", show("MainPID"), "exe")))
                .as("the Java of the later version")
                .isEqualTo(Path.of("/usr/lib/aioscope/runtime/bin/java"));
        assertThat(Commands.run("rpm", "--query", "--queryformat", "%{VERSION}\n", "aioscope"))
                .matches("\\S+\\+later\n");
        assertThat(PackageFiles.DROPPED).doesNotExist();
        assertThat(filesOfRpm()).allMatch(Files::exists);
        assertThat(Files.readString(SETTINGS)).isEqualTo(settings);
        assertThat(Files.readString(NEW_SETTINGS)).contains(PackageFiles.NEW_DEFAULT);
        assertThat(Commands.run("id", "aioscope")).isEqualTo(user);
        assertThat(show("UnitFileState")).isEqualTo("enabled");
    }

    @Test
    @Order(17)
    void leavesNothingAfterRpmRemoval() throws IOException {
        // rpm would keep changed settings as aioscope.yaml.rpmsave.
        Files.move(NEW_SETTINGS, SETTINGS, StandardCopyOption.REPLACE_EXISTING);
        List<Path> files = filesOfRpm();
        rpm("--erase", "aioscope");
        assertNothingLeft(files);
        assertThat(Path.of("/etc/systemd/system/multi-user.target.wants", UNIT)).doesNotExist();
    }

    /** As in a container: the root contains only a shell. */
    @Test
    @Order(18)
    void installsAndRemovesRpmWithoutSystemd(@TempDir Path root) throws IOException {
        Files.createDirectories(root.resolve("bin"));
        Files.createDirectory(root.resolve("dev"));
        Files.copy(Path.of("/run/lab/busybox"), root.resolve("bin/sh"));
        Files.copy(root.resolve("bin/sh"), root.resolve("bin/rm"));
        rpm("--root=" + root, "--install", PackageFiles.rpm().toString());
        assertThat(root.resolve("usr/bin/aioscope")).exists();
        rpm("--root=" + root, "--erase", "aioscope");
        assertThat(findFiles(List.of(root))).isEmpty();
    }

    /** Without the triggers of other packages: that of man-db reads all manual pages, which takes minutes in a guest. */
    private static void dpkg(String action, String argument) throws IOException {
        Commands.run("dpkg", "--no-triggers", action, argument);
    }

    private static void rpm(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("rpm", "--nodeps", "--force-debian"));
        command.addAll(List.of(arguments));
        Commands.run(command.toArray(String[]::new));
    }

    private static List<Path> filesOfRpm() throws IOException {
        return Commands.run("rpm", "--query", "--list", "aioscope")
                .lines()
                .map(Path::of)
                .toList();
    }

    private static void assertNothingLeft(List<Path> files) throws IOException {
        assertThat(files).noneMatch(Files::exists);
        assertThat(show("LoadState")).isEqualTo("not-found");
        List<Path> changed =
                Stream.of("etc", "usr", "var").map(CHANGES::resolve).toList();
        // A character device there marks a file of the host that the guest has removed.
        assertThat(findFiles(changed, "!", "-type", "c")).isEmpty();
        // The lab has its own file system there, and its folder contains the changes again.
        assertThat(findFiles(List.of(Path.of("/run")), "-path", "/run/lab", "-prune", "-o"))
                .isEmpty();
        assertThat(Path.of("/sys/fs/cgroup/system.slice", UNIT)).doesNotExist();
        assertThat(Commands.execute("id", "aioscope").status()).isNotZero();
        await("no probe", () -> Commands.run("bpftool", "-j", "prog", "show"), text -> !text.contains("\"tracing\""));
    }

    /** The paths below these folders whose names contain aioscope, one per line. */
    private static String findFiles(List<Path> folders, String... conditions) throws IOException {
        List<String> command = new ArrayList<>(List.of("find"));
        folders.forEach(folder -> command.add(folder.toString()));
        command.addAll(List.of(conditions));
        command.addAll(List.of("-name", "*aioscope*", "-print"));
        return Commands.run(command.toArray(String[]::new));
    }

    /** Restarts the unit with these lines instead of the previous ones. */
    private static void restartWith(String lines) throws IOException {
        Files.createDirectories(DROP_INS);
        Files.writeString(DROP_INS.resolve("test.conf"), "[Service]\n" + lines + "\n");
        Commands.run("systemctl", "daemon-reload");
        Commands.run("systemctl", "restart", UNIT);
    }

    private static String show(String property) throws IOException {
        return Commands.run("systemctl", "show", "--value", "-p", property, UNIT)
                .strip();
    }

    /** The log of the unit since its last start. */
    private static String journal() throws IOException {
        return journal("--priority=debug");
    }

    private static String journal(String priority) throws IOException {
        return Commands.run(
                "journalctl", "--no-pager", "-o", "cat", priority, "_SYSTEMD_INVOCATION_ID=" + show("InvocationID"));
    }

    private static void awaitJournal(String text) throws IOException {
        await(text, PackageGuestTest::journal, journal -> journal.contains(text));
    }

    private static void awaitActiveBesides(String pid) throws IOException {
        // One call for both properties, because the state may change between two calls.
        await(
                "another process than " + pid,
                () -> Commands.run("systemctl", "show", "-p", "ActiveState", "-p", "MainPID", UNIT),
                state -> state.contains("ActiveState=active\n")
                        && !state.contains("MainPID=0\n")
                        && !state.contains("MainPID=" + pid + "\n"));
    }

    private void awaitMetrics(Predicate<String> done) throws IOException {
        await("metrics", this::metrics, done);
    }

    private String metrics() throws IOException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:9464/metrics"))
                .timeout(Await.LIMIT)
                .build();
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(String what, Await.ValueReader<String, IOException> reader, Predicate<String> done)
            throws IOException {
        Await.value(what, Await.LIMIT, reader, done);
    }
}
