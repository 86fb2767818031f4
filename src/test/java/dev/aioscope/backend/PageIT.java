package dev.aioscope.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.guest.AioWork;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Units;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Browser;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Reads the page in Chromium, live and as a report. Its images are in target/page; with the property page.images, those of
 * the documents are written again.
 */
class PageIT {
    /** One for all requests, because it keeps its connections, and the daemon accepts 32. */
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static final String READY = "document.body && document.body.dataset.ready";
    private static final Path IMAGES = Path.of(Boolean.getBoolean("page.images") ? "agent" : "target/page");
    private static final String HOSTILE = "<script>document.title='x'</script>";

    @TempDir
    private static Path folder;

    private static Browser browser;
    private static Path small;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(Browser.unavailable().isEmpty(), () -> Browser.unavailable().orElseThrow());
        browser = Browser.start(folder);
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
    }

    private static String[] aioscope(String... arguments) {
        return Aioscope.commandOfClasses(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"), arguments);
    }

    private static Path report(Path recording, String... options) throws IOException {
        Path file = Files.createTempDirectory(folder, "report").resolve("incident.html");
        List<String> arguments = new ArrayList<>(List.of("report", recording.toString(), "-o", file.toString()));
        arguments.addAll(List.of(options));
        Commands.run(aioscope(arguments.toArray(String[]::new)));
        return file;
    }

    private static void open(Path report, String fragment) {
        browser.open("about:blank", "true");
        browser.open(report.toUri() + fragment, READY);
    }

    /** The text of a column in the row with this key. */
    private static String cell(String section, String key, String column) {
        List<String> texts =
                browser.texts("#" + section + " tr[data-key=\"" + key + "\"] td[data-column=" + column + "]");
        assertThat(texts).as("%s of %s in %s", column, key, section).hasSize(1);
        return texts.get(0);
    }

    // ---- reports ----

    @ParameterizedTest
    @ValueSource(strings = {"5.10", "6.1", "6.12", "7"})
    void showsSameNumbersAsTraceForRecordingOfEachKernel(String kernel) throws Exception {
        Path recording = Path.of("src/test/resources/recorded", kernel + ".aioscope");
        List<JsonNode> traced = JsonLines.ofType(
                JsonLines.parse(Commands.run(aioscope("replay", recording.toString(), "trace", "--json"))), "teardown");
        Path report = report(recording);
        browser.show(1440, 1400, false);
        open(report, "");

        assertThat(traced).isNotEmpty();
        for (JsonNode teardown : traced) {
            String key = teardown.path("context_id").asString();
            assertThat(cell("teardowns", key, "pid"))
                    .isEqualTo(teardown.path("pid").asString());
            assertThat(cell("teardowns", key, "wait_ns")).isEqualTo(duration(teardown, "wait_ns"));
            assertThat(cell("teardowns", key, "outstanding")).isEqualTo(number(teardown, "outstanding"));
        }
        assertThat(browser.texts("#host").get(0)).contains("lab", "Linux " + kernel, "tier full");
        showsPhases(report, traced.get(0));
        assertThat(browser.events("Network.requestWillBeSent"))
                .allSatisfy(request -> assertThat(
                                request.path("request").path("url").asString())
                        .startsWith("file:"));
        assertThat(browser.complaints()).isEmpty();
    }

    private static void showsPhases(Path report, JsonNode teardown) {
        open(report, "#teardown=" + teardown.path("context_id").asString());
        assertThat(browser.evaluate("document.querySelector('dialog').open").asBoolean())
                .isTrue();
        assertThat(browser.texts("dialog .say p"))
                .containsExactlyElementsOf(
                        teardown.path("text").asString().lines().toList());
        Map.of("kill_ns", "kill_ioctx", "unmap_ns", "unmapping the ring", "cancel_ns", "cancelling requests")
                .forEach((name, label) -> assertThat(browser.texts("dialog [data-phase=\"" + label + "\"]"))
                        .containsExactly(duration(teardown, name)));
        assertThat(browser.texts("dialog [data-name=drain_ns]")).containsExactly(duration(teardown, "drain_ns"));
    }

    private static String duration(JsonNode object, String name) {
        return Units.duration(
                object.path(name).isNull() ? null : (Long) object.path(name).asLong());
    }

    private static String number(JsonNode object, String name) {
        return object.path(name).isNull() ? Units.ABSENT : object.path(name).asString();
    }

    // ---- names, sizes, and how it reads ----

    /** A report of an incident with some hundred teardowns. */
    private static synchronized Path small() throws Exception {
        if (small == null) {
            small = report(PageScenes.incident(folder));
        }
        return small;
    }

    @Test
    void showsHostileNamesAsText() throws Exception {
        Path report = report(PageScenes.of(folder, HOSTILE, 3, 3));
        open(report, "#group=user");

        assertThat(browser.texts("#holders td[data-column=name] span")).containsExactly(HOSTILE);
        assertThat(browser.evaluate("document.scripts.length").asInt()).isEqualTo(2);
        assertThat(browser.evaluate("document.title").asString()).doesNotContain("x</");
        assertThat(browser.evaluate("document.title").asString()).contains("aioscope");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void showsArgumentsUnlessHidden() throws Exception {
        Path recording = PageScenes.of(folder, "db", 1, 3);
        open(report(recording), "");
        assertThat(browser.texts("#holders td[data-column=name] span")).contains("db --password=secret");
        Path hidden = report(recording, "--hide-arguments");
        open(hidden, "");
        assertThat(browser.texts("#holders td[data-column=name] span")).contains("db");
        assertThat(browser.evaluate("JSON.stringify(data)").asString()).doesNotContain("secret");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(hidden)))
                .isEqualTo("rw-------");
    }

    @Test
    void holdsThousandsOfTeardownsAndContexts() throws Exception {
        Path report = report(PageScenes.of(folder, "db", 10_000, 5000));
        assertThat(Files.size(report)).isLessThan(2_000_000);
        browser.show(1440, 1400, false);
        open(report, "");

        assertThat(browser.texts("#verdict p").get(0)).contains("teardowns were stuck", "io_destroy for 2.00s");
        int ended = browser.evaluate("data.ended.length").asInt();
        assertThat(ended).isEqualTo(10_000);
        assertThat(browser.evaluate("document.querySelector('#teardowns table').getAttribute('aria-rowcount')")
                        .asInt())
                .isEqualTo(ended + 1);
        assertThat(browser.evaluate("document.querySelectorAll('tr').length").asInt())
                .isLessThan(200);
        assertThat(browser.texts("[data-name=aio_nr]")).hasSize(1);
        browser.evaluate("document.querySelector('#teardowns .scroll').scrollTop = 1e7");
        browser.await("document.querySelector('#teardowns tr[aria-rowindex=\"" + (ended + 1) + "\"]')");
        browser.screenshot(Path.of("target/page/large.png"));
    }

    @Test
    void followsKeysAndAddress() throws Exception {
        open(small(), "");
        browser.press("g");
        assertThat(browser.evaluate("location.hash").asString()).isEqualTo("#group=container");
        browser.press("/");
        browser.press("z");
        browser.press("Enter");
        assertThat(browser.texts("#teardowns .empty")).containsExactly("None matches the filter.");
        browser.press("Escape");
        browser.evaluate("document.querySelector('#teardowns .scroll').focus()");
        browser.press("j");
        browser.press("j");
        String key = browser.evaluate("document.querySelector('#teardowns tr[aria-current]').dataset.key")
                .asString();
        browser.press("Enter");
        browser.await("document.querySelector('dialog').open");
        assertThat(browser.evaluate("location.hash").asString()).contains("teardown=" + key);
        browser.press("Escape");
        browser.await("!document.querySelector('dialog').open");
        browser.press("?");
        assertThat(browser.texts("dialog kbd")).contains("j", "Esc");
        browser.press("q");
        browser.await("!document.querySelector('dialog').open");
        assertThat(browser.complaints()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1440, 768, 375})
    void fitsWidthAndIsAccessibleInBothColours(int width) throws Exception {
        assumeTrue(
                BuiltProgram.AXE.unavailable().isEmpty(),
                () -> BuiltProgram.AXE.unavailable().orElseThrow());
        for (boolean isDark : List.of(false, true)) {
            browser.show(width, 1400, isDark);
            open(small(), "");
            assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                    .isLessThanOrEqualTo(width);
            browser.screenshot(IMAGES.resolve("page-" + width + (isDark ? "-dark" : "-light") + ".png"));
            assertThat(violations()).isEmpty();
            browser.evaluate("open({kind: 'teardown', key: data.ended[0].context_id})");
            assertThat(violations()).isEmpty();
        }
    }

    /** What axe-core calls serious or critical. */
    private static List<String> violations() throws IOException {
        browser.evaluate(Files.readString(BuiltProgram.AXE.path()) + "; 0");
        return browser.evaluate(
                        "axe.run().then(result => result.violations"
                                + ".filter(rule => ['serious', 'critical'].includes(rule.impact))"
                                + ".map(rule => rule.id + ': ' + rule.nodes.map(node => node.html + node.failureSummary).join()))")
                .valueStream()
                .map(JsonNode::asString)
                .toList();
    }

    // ---- live ----

    @Test
    void followsHostWithSameNumbersAsMetrics() throws Exception {
        AioWork.compile();
        int port = ServerProcess.freePort();
        Path output = folder.resolve("live.log");
        Process daemon = Commands.start(
                output,
                Map.of("RUNTIME_DIRECTORY", folder.resolve("run").toString()),
                aioscope(
                        "run",
                        "--allow-syscall-tier",
                        "--recorder-size",
                        "off",
                        "--scan-interval",
                        "500ms",
                        "--listen",
                        "127.0.0.1:" + port));
        String gone;
        try (AioWork holder = AioWork.start("destroy", "--charge", "333", "--wait");
                AioWork stuck = AioWork.start("sibling", "--wait")) {
            Commands.awaitText(daemon, output, " started: tier ");
            stuck.await("siblings");
            browser.show(1440, 1400, false);
            browser.open("http://127.0.0.1:" + port + "/", READY);
            browser.await("[...document.querySelectorAll('#progress td')].some(cell => cell.textContent === 'stuck')");
            assertThat(browser.evaluate("document.querySelector('#verdict').className")
                            .asString())
                    .isEqualTo("stuck");
            browser.await("[...document.querySelectorAll('#holders td[data-column=charge]')]"
                    + ".some(cell => cell.textContent === '333')");
            Await.until(
                    "the quota of /metrics",
                    () -> browser.texts("[data-name=aio_nr]").equals(List.of(metric(port, "aio_event_usage"))));
            Await.until(
                    "the limit of /metrics",
                    () -> browser.texts("[data-name=aio_max_nr]").equals(List.of(metric(port, "aio_event_limit"))));
            browser.screenshot(Path.of("target/page/live.png"));
            browser.await(row("#holders", stuck) + ".length === 1");
            assertGroupMatchesPid(holder);
            gone = row("#progress", stuck) + ".length === 0";
            assertThat(browser.complaints()).isEmpty();
            assertThat(holder).isNotNull();
        }
        browser.await(gone);
        Commands.stop(daemon, "TERM", 0, output);
        browser.await("document.querySelector('#verdict').className === 'lost'");
    }

    @Test
    void reportsLatestSnapshotOfDaemon() throws Exception {
        AioWork.compile();
        long tooMuch = Host.aioMaxNr().orElseThrow().longValueExact() + 1;
        Path output = folder.resolve("recording.log");
        Path snapshots = Files.createTempDirectory(folder, "recorder");
        String[] recorder = {"--recorder-directory", snapshots.toString()};
        Process daemon = Commands.start(
                output,
                Map.of("RUNTIME_DIRECTORY", snapshots.resolve("run").toString()),
                aioscope("run", "--allow-syscall-tier", "--listen", "off", recorder[0], recorder[1]));
        Commands.awaitText(daemon, output, " started: tier ");
        Path report = snapshots.resolve("incident.html");
        try (AioWork refused = AioWork.start("persist", "--charge", "" + tooMuch)) {
            refused.await("refused");
            Await.until("a snapshot", () -> isRefusalAmong(snapshots));
            Commands.run(aioscope("report", "--last", recorder[0], recorder[1], "-o", report.toString()));
            open(report, "");
            assertThat(browser.texts("#refusals td[data-column=pid]")).contains("" + refused.pid());
            assertThat(browser.texts("#verdict p"))
                    .anySatisfy(line -> assertThat(line).contains("io_setup was refused"));
        }
        Commands.stop(daemon, "TERM", 0, output);
    }

    private static boolean isRefusalAmong(Path snapshots) throws IOException {
        try (Stream<Path> files = Files.list(snapshots)) {
            return files.anyMatch(file -> file.toString().endsWith("-refusal.aioscope"));
        }
    }

    private static void assertGroupMatchesPid(AioWork work) {
        browser.evaluate("setGroup('user'); setFilter('" + work.pid() + "')");
        assertThat(browser.texts("#holders tr.row:not([hidden]) td[data-column=name] span"))
                .containsExactly("root");
        browser.evaluate("setGroup('process'); setFilter('')");
    }

    /** The rows of a process in a table, as a JavaScript array. */
    private static String row(String table, AioWork work) {
        return "[...document.querySelectorAll('" + table + " tr.row:not([hidden])')].filter(row => "
                + "row.querySelector('[data-column=pid]').textContent === '" + work.pid() + "')";
    }

    private static String metric(int port, String name) throws IOException {
        try {
            return CLIENT.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body()
                    .lines()
                    .filter(line -> line.startsWith(name + " "))
                    .map(line -> Long.toString((long) Double.parseDouble(line.substring(name.length() + 1))))
                    .findFirst()
                    .orElse("");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
