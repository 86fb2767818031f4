package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.recording.Replays;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * Boots each lab kernel, runs the tests with the tag {@code guest} in it, and reports each test here. One guest runs
 * per processor of this machine.
 *
 * <p>The kernel {@code 6.1+systemd} boots with systemd and runs the tests with the tag {@code systemd}, those of the
 * packages. Tests with the tag {@code once} run on {@value #ONCE} only. Tests with a tag {@code turn1} to {@code turn4} take
 * long in emulation and depend little on the kernel: each runs on one kernel, and on another one the next day. {@code -Dall}
 * runs them on all kernels, {@code -Dturn=N} as on day N. Kernels with another architecture, page size or configuration run
 * the tests with the tag {@code proof}. {@code -Dkernels=5.10,rt/6.12} selects kernels, {@code -Dguest=Name} tests by a part of
 * their class names.
 *
 * <p>A test that fails while the kernel's own counter shows skipped probe programs runs again in another guest.
 *
 * <p>The guests run beside all other tests, which wait more than they calculate.
 */
@Execution(ExecutionMode.CONCURRENT)
class LabIT {
    private static final String SYSTEMD = "+systemd";
    private static final String ONCE = "6.1";
    /** The kernels that share the tests with the tags {@code turn1} to {@code turn4}. */
    private static final List<String> TURNS = List.of("5.10", "6.1", "6.12", "7");

    /** In the order in which two parallel guests take the least time. */
    private static final List<String> KERNELS = List.of(System.getProperty(
                    "kernels", "6.1,6.1" + SYSTEMD + ",6.12,5.10,7,arm64/6.12,arm64-16k/6.12,rt/6.12,cloud/6.12")
            .split(",", -1));

    private static final String CLASSES = System.getProperty("guest", "");
    /** What proves most, on kernels that run only that. */
    private static final String PROOF = "FentryTeardowns";

    private static final Path ARM64_PROGRAM = Path.of("target/arm64/aiowork");
    private static final int SECONDS = 3000;
    /** The maximum number of boots of a kernel that skips programs. */
    private static final int BOOTS = 3;

    @BeforeAll
    static void prepare() throws Exception {
        AioWork.compile();
        if (KERNELS.stream().anyMatch(kernel -> kernel.startsWith("arm64"))) {
            AioWork.compileForArm64(ARM64_PROGRAM);
        }
        Aioscope.prepareArchive();
    }

    @TestFactory
    Stream<DynamicNode> kernels() {
        ExecutorService guests =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        Map<String, Future<Stream<DynamicNode>>> results = new LinkedHashMap<>();
        for (String kernel : KERNELS) {
            results.put(kernel, guests.submit(() -> run(kernel)));
        }
        guests.shutdown();
        return results.entrySet().stream()
                .map(entry -> DynamicContainer.dynamicContainer(
                        "Linux " + entry.getKey(), Stream.of(entry.getValue()).flatMap(LabIT::await)));
    }

    private static Stream<DynamicNode> await(Future<Stream<DynamicNode>> results) {
        try {
            return results.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Stream<DynamicNode> run(String kernel) {
        try {
            Path folder =
                    Files.createDirectories(Path.of("target/guest", kernel).toAbsolutePath());
            if (kernel.endsWith(SYSTEMD)) {
                PackageFiles.build();
            }
            Files.deleteIfExists(folder.resolve("recording.outcome"));
            Files.deleteIfExists(folder.resolve("output.log"));
            List<DynamicNode> tests = new ArrayList<>();
            Map<String, GuestTestResult> results = boot(kernel, folder, CLASSES, tests);
            for (int boots = 1;
                    boots < BOOTS && results.values().stream().anyMatch(GuestTestResult::isInconclusive);
                    boots++) {
                Map<String, GuestTestResult> again = boot(kernel, folder, classesToRunAgain(results), tests);
                results.replaceAll((name, first) -> first.isInconclusive() ? again.getOrDefault(name, first) : first);
            }
            results.values().forEach(result -> tests.add(result.asTest()));
            if (!kernel.endsWith(SYSTEMD) && !isProof(kernel) && "RecordingGuestTest".contains(CLASSES)) {
                tests.add(DynamicTest.dynamicTest(
                        "the recording gives the same result here",
                        () -> assertThat(Replays.outcome(folder.resolve("recording.aioscope")))
                                .isEqualTo(Files.readString(folder.resolve("recording.outcome")))));
            }
            return tests.stream();
        } catch (Exception e) {
            return Stream.of(DynamicTest.dynamicTest("the guest ran", () -> {
                throw e;
            }));
        }
    }

    private static String classesToRunAgain(Map<String, GuestTestResult> results) {
        return results.values().stream()
                .filter(GuestTestResult::isInconclusive)
                .map(result -> result.type().replace("GuestTest", ""))
                .distinct()
                .collect(Collectors.joining("|", "(", ")"));
    }

    /** Runs the tests of these classes in one guest, and adds a test that the guest ran to its end. */
    private static Map<String, GuestTestResult> boot(
            String kernel, Path folder, String classes, List<DynamicNode> tests) throws Exception {
        Path report = folder.resolve("TEST-junit-jupiter.xml");
        Files.deleteIfExists(report);
        Path log = folder.resolve("output.log");
        Process lab = new ProcessBuilder(command(kernel, folder, classes))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        boolean hasExited = lab.waitFor(SECONDS + 60, TimeUnit.SECONDS);
        lab.destroy();
        Map<String, GuestTestResult> results = results(report);
        String tail = tail(log);
        tests.add(DynamicTest.dynamicTest("the guest ran its tests to the end", () -> {
            assertThat(hasExited).as(tail).isTrue();
            assertThat(results).as(tail).isNotEmpty();
            assertThat(lab.exitValue())
                    .as("1 if tests failed, else the lab failed; %s", tail)
                    .isIn(0, 1);
        }));
        return results;
    }

    private static List<String> command(String kernel, Path folder, String classes) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of("packaging/lab/lab").toAbsolutePath().toString(),
                "run",
                kernel.replace(SYSTEMD, ""),
                "--share",
                folder.toString(),
                "--timeout",
                Integer.toString(SECONDS)));
        if (kernel.endsWith(SYSTEMD)) {
            command.add("--systemd");
        }
        command.add("--");
        if (kernel.startsWith("arm64")) {
            command.addAll(List.of("java", "-Daiowork=" + ARM64_PROGRAM));
        } else {
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        }
        String separator = File.pathSeparator;
        command.addAll(List.of(
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-Daioscope.results=" + folder,
                "-cp",
                "target/classes" + separator + "target/test-classes" + separator + "target/test-lib/*",
                "org.junit.platform.console.ConsoleLauncher",
                "execute",
                "--disable-banner",
                "--details=testfeed",
                "--scan-classpath=target/test-classes",
                "--include-tag=" + tags(kernel),
                "--include-classname=.*" + (isProof(kernel) ? PROOF : classes) + ".*GuestTest",
                "--config=junit.jupiter.extensions.autodetection.enabled=true",
                // A class that changes the guest for good is the last.
                "--config=junit.jupiter.testclass.order.default=org.junit.jupiter.api.ClassOrderer$OrderAnnotation",
                "--reports-dir=" + folder));
        return command;
    }

    /** The tests for this kernel, as a tag expression. */
    private static String tags(String kernel) throws IOException {
        if (kernel.endsWith(SYSTEMD)) {
            return "guest & systemd";
        }
        if (isProof(kernel)) {
            return "guest & proof";
        }
        String tags = "guest & !systemd" + (kernel.equals(ONCE) ? "" : " & !once");
        if (!Boolean.getBoolean("all")) {
            long turn = (TURNS.indexOf(kernel) + day()) % TURNS.size() + 1;
            for (int other = 1; other <= TURNS.size(); other++) {
                tags += other == turn ? "" : " & !turn" + other;
            }
        }
        return tags;
    }

    private static boolean isProof(String kernel) {
        return kernel.contains("/") && CLASSES.isEmpty();
    }

    /** The day of the commit, so that the same commit always runs the same tests; outside a clone, today. */
    private static long day() throws IOException {
        String turn = System.getProperty("turn");
        if (turn != null) {
            return Long.parseLong(turn);
        }
        CommandResult time = Commands.execute("git", "log", "-1", "--format=%ct");
        return time.status() == 0
                ? Long.parseLong(time.output().strip()) / Duration.ofDays(1).toSeconds()
                : LocalDate.now(ZoneOffset.UTC).toEpochDay();
    }

    /** The result of a test in a guest; the failure is empty if it passed. */
    private record GuestTestResult(String type, String name, String seconds, String failure) {
        static GuestTestResult of(Element testCase) {
            return new GuestTestResult(
                    testCase.getAttribute("classname").replaceFirst(".*\\.", ""),
                    testCase.getAttribute("name"),
                    testCase.getAttribute("time"),
                    text(testCase, "failure") + text(testCase, "error"));
        }

        /** Whether the kernel skipped probe programs during the test: then its failure proves nothing. */
        boolean isInconclusive() {
            return failure.contains(SkippedPrograms.MESSAGE);
        }

        DynamicTest asTest() {
            return DynamicTest.dynamicTest(
                    type + "." + name + " " + seconds + " s",
                    () -> assertThat(failure).isEmpty());
        }
    }

    /** The results by test name, in report order. */
    private static Map<String, GuestTestResult> results(Path report) throws Exception {
        Map<String, GuestTestResult> results = new LinkedHashMap<>();
        if (Files.exists(report)) {
            NodeList cases = DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(report.toFile())
                    .getElementsByTagName("testcase");
            for (int i = 0; i < cases.getLength(); i++) {
                GuestTestResult result = GuestTestResult.of((Element) cases.item(i));
                results.put(result.type() + "." + result.name(), result);
            }
        }
        return results;
    }

    private static String text(Element testCase, String tag) {
        Node node = testCase.getElementsByTagName(tag).item(0);
        return node == null ? "" : tag + " in the guest: " + node.getTextContent();
    }

    private static String tail(Path log) throws Exception {
        List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
    }
}
