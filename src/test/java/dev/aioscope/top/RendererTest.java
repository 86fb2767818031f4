package dev.aioscope.top;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.host.Namespaces;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import org.jline.utils.AttributedString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RendererTest {
    private static Renderer renderer(Tier tier, boolean isColoured) {
        String note = tier == Tier.FULL ? "" : "what it costs";
        return new Renderer(
                new HeaderInfo("db1", "6.1.0", tier, "core", note),
                addresses -> addresses.stream().map(address -> "f" + address).toList(),
                ZoneOffset.UTC,
                isColoured);
    }

    private static final Renderer PLAIN = renderer(Tier.FULL, false);

    private static List<String> text(Renderer renderer, TopModel model, int columns, int rows) {
        return renderer.lines(model, "", columns, rows).stream()
                .map(line -> line.toString().stripTrailing())
                .toList();
    }

    private static Frames host() {
        Frames host = new Frames()
                .holds(1, "mysqld", 100, 12)
                .holds(2, "qemu", 50, null)
                .is(1, "mysql", "/docker/" + "0123456789abcdef".repeat(4), "/usr/sbin/mysqld", "--port=3306")
                .destroys(1, "mysqld", 40_000_000)
                .waits(7, "stuck", Frames.BEGAN - 4 * Frames.SECOND);
        host.aioNr = 160L;
        host.now += Frames.SECOND;
        return host;
    }

    @Test
    void fitsOnSmallScreen() {
        assertThat(text(PLAIN, host().model(), 80, 24))
                .containsExactly(
                        "aioscope top  00:01:41  db1  Linux 6.1.0  tier full  engine core",
                        "aio-nr [||||                  ] 160 of 1000  16.0%  unattributed 10",
                        "setups 0/s  destroys 1.0/s  refusals 0  failed calls 0  in teardown 1  lost 0",
                        "    PID  CTX  CHARGE SHARE   OUT UNREAP  D/S    P50    P99 OLDEST COMMAND",
                        "      1    1     100 10.0%    12      0  1.0 40.0ms 40.0ms      – mysqld",
                        "      2    1      50  5.0%     –      0    0      –      –      – qemu",
                        "      7    0       0  0.0%     0      0    0      –      –  5.00s stuck",
                        "                  10  1.0%                                        unattributed",
                        "",
                        "",
                        "",
                        "",
                        "",
                        "",
                        "",
                        "",
                        "",
                        "TIME         PID COMM         TRIGGER      OUT   WAIT RESULT   k . grace # io w",
                        "now            7 stuck        exit           –  5.00s waiting  2 requests, SIGK…",
                        "00:01:40       1 mysqld       destroy        0 40.0ms ok       .................",
                        "",
                        "",
                        "",
                        "jk move  Enter detail  f filter  s sort  g group  p pause  ? help  q quit");
    }

    @Test
    void showsScanGaps() {
        Frames host = new Frames()
                .holds(1, "mysqld", null, null)
                .tier(Tier.PROC)
                .gaps(new ScanGaps(Set.of(), Set.of(4711), ScanGaps.Scope.HOST));
        List<String> lines = text(renderer(Tier.PROC, false), host.model(), 80, 24);

        assertThat(lines)
                .contains("cannot read 1 process to the end: 4711")
                .anyMatch(line -> line.endsWith("0 of 1000  0.0%  unattributed –"))
                .contains("      1    1       –     –     –      0    –      –      –      – mysqld");
    }

    @Test
    void showsMoreOnLargeScreen() {
        List<String> lines = text(PLAIN, host().model(), 200, 60);

        assertThat(lines).hasSize(60);
        assertThat(lines.get(3)).endsWith("OLDEST USER       CONTAINER                COMMAND");
        assertThat(lines.get(4)).endsWith("mysql      docker:0123456789ab      /usr/sbin/mysqld --port=3306");
        assertThat(lines).anyMatch(line -> line.contains("HANDLE") && line.contains("k=kill"));
    }

    @ParameterizedTest
    @CsvSource({"80, 24", "200, 60", "100, 30", "40, 10", "20, 5", "1, 1", "119, 3"})
    void neverExceedsScreenSize(int columns, int rows) {
        Frames host = host();
        for (int i = 0; i < 300; i++) {
            host.holds(1000 + i, "名前名前名前名前\u001b[31m", 1_000_000, 1_234_567)
                    .destroys(1000 + i, "e\u0301e\u0301\u200f\u009b", 1_000_000_000_000L)
                    .is(1000 + i, "a user with a long name", "/a/b", "命令\u0007" + "x".repeat(500));
        }
        for (String keys : List.of("", "j", "ENTER", "?", "g", "f x", "f \u001b", "p")) {
            TopModel model = host.model();
            for (String key : keys.split(" ", -1)) {
                model = key.equals("ENTER") ? model.press(KeyCode.ENTER, "\r") : model.press(KeyCode.TYPED, key);
            }
            List<AttributedString> lines = renderer(Tier.FULL, true).lines(model, "a notice", columns, rows);
            assertThat(lines).hasSizeLessThanOrEqualTo(rows);
            assertThat(lines).allSatisfy(line -> {
                assertThat(line.columnLength()).isLessThanOrEqualTo(columns);
                assertThat(line.toString()).doesNotContainPattern("[\\p{Cc}\\p{Cf}]");
            });
        }
    }

    @Test
    void alignsColumnsBesideWideAndCombiningCharacters() {
        Frames host = new Frames().destroys(1, "名前", 1_000_000).destroys(2, "e\u0301tude", 1_000_000);
        List<AttributedString> lines = PLAIN.lines(host.model(), "", 80, 24);

        assertThat(lines.stream()
                        .filter(line -> line.toString().contains("destroy")
                                && line.toString().contains("ok"))
                        .map(line -> line.columnSubSequence(30, 37).toString()))
                .containsExactly("destroy", "destroy");
    }

    @Test
    void showsDashForValuesTheTierCannotObserve() {
        List<String> lines = text(renderer(Tier.SAMPLE, false), host().model(), 80, 24);

        assertThat(lines.get(2))
                .isEqualTo("setups –/s  destroys –/s  refusals –  failed calls –  in teardown 1  lost 0");
        assertThat(lines.get(3)).isEqualTo("what it costs");
        assertThat(lines.get(5)).contains(" 12      0    – 40.0ms");
        assertThat(lines).anyMatch(line -> line.startsWith("TIME") && line.endsWith("NOTE"));
    }

    @Test
    void showsDashForUnknownCharge() {
        Frames host = new Frames().holds(1, "mysqld", null, null);
        host.aioNr = null;

        assertThat(text(PLAIN, host.model(), 80, 24))
                .contains("aio-nr – of 1000  unattributed –")
                .anyMatch(line -> line.startsWith("      1    1       –     –     –      0"));
    }

    @ParameterizedTest
    @CsvSource({"740, 74.0%", "760, ! 76.0%", "901, !! 90.1%", "1100, !! 110%"})
    void marksHighUsageWithoutColour(long nr, String mark) {
        Frames host = new Frames();
        host.aioNr = nr;

        assertThat(text(PLAIN, host.model(), 80, 24).get(1)).contains("of 1000  " + mark + "  unattributed");
    }

    @Test
    void showsQuotaThatCannotRunOutAsNoLimit() {
        Frames host = new Frames().holds(1, "mysqld", 10, 0);
        host.aioMaxNr = new BigInteger("18446744073709551615");

        assertThat(text(PLAIN, host.model(), 80, 24))
                .anyMatch(line -> line.endsWith("] 10  no limit  0.0%  unattributed 0"));
    }

    @Test
    void usesNoColourWhenDisabled() {
        for (AttributedString line : PLAIN.lines(host().model(), "a notice", 80, 24)) {
            assertThat(line.toAnsi()).doesNotContainPattern("\u001b\\[[0-9;]*3[0-7]");
        }
        assertThat(renderer(Tier.FULL, true).lines(host().model(), "", 80, 24))
                .anyMatch(line -> line.toAnsi().contains("36m"));
    }

    @Test
    void scrollsListToSelectedRow() {
        Frames host = new Frames();
        for (int i = 0; i < 300; i++) {
            host.holds(1000 + i, "p" + i, 300 - i, 0);
        }
        TopModel model = host.model();
        for (int i = 0; i < 200; i++) {
            model = model.press(KeyCode.DOWN, "");
        }

        assertThat(PLAIN.lines(model, "", 80, 24))
                .filteredOn(
                        line -> line.length() > 0 && line.styleAt(0).equals(org.jline.utils.AttributedStyle.INVERSE))
                .singleElement()
                .satisfies(line -> assertThat(line.toString()).contains(" p200"));
    }

    @Test
    void namesPodAndPidInIt() {
        String id = "0123456789abcdef".repeat(4);
        Frames host = host().is(
                        1,
                        "mysql",
                        "/kubepods/pod01234567-89ab-cdef-0123-456789abcdef/" + id,
                        new Namespaces(7, "db-0"),
                        "/usr/sbin/mysqld");

        assertThat(text(PLAIN, host.model().press(KeyCode.ENTER, "\r"), 80, 24))
                .contains("process 1 (7 in its PID namespace) mysqld  user mysql  container kubernetes:db-0");
    }

    @Test
    void showsContextsAndTeardownsOfProcess() {
        Frames host = host().waits(1, "mysqld", Frames.BEGAN, 1L, 2L);
        List<String> lines = text(PLAIN, host.model().press(KeyCode.ENTER, "\r"), 80, 24);

        assertThat(lines)
                .contains(
                        "process 1 mysqld  user mysql  container docker:0123456789ab",
                        "command /usr/sbin/mysqld --port=3306",
                        "contexts 1  charge 100  10.0%  out 12  unreaped 0  p50 40.0ms  p99 40.0ms",
                        "        HANDLE   CHARGE     RING      OUT   UNREAP     AGE     PID COMM",
                        "  7f0000000000      100      511       12        0   1.00s       1 mysqld",
                        "now            1 mysqld       exit           –  1.00s waiting  2 requests, SIGK…",
                        "00:01:40       1 mysqld       destroy        0 40.0ms ok       .................",
                        "thread 1 waits in f1 < f2");
    }

    @Test
    void limitsScrollToLastLine() {
        TopModel model = host().model().press(KeyCode.TYPED, "?");
        for (int i = 0; i < 100; i++) {
            model = PLAIN.limitScroll(model.press(KeyCode.DOWN, ""), "", 80, 24);
        }

        assertThat(text(PLAIN, model, 80, 24).get(22)).contains("not observed; never zero");
        assertThat(model.scroll()).isEqualTo(Help.KEYS.size() + Help.COLUMNS.size() + 2 - 20);
    }

    @Test
    void helpFitsIn80Columns() {
        assertThat(Help.KEYS).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        assertThat(Help.COLUMNS).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void plainTextHasEveryRow() {
        Frames host = new Frames();
        for (int i = 0; i < 300; i++) {
            host.holds(1000 + i, "p" + i, 300 - i, 0);
        }

        assertThat(PLAIN.text(host.model(), 200)).hasSize(3 + 1 + 300 + 1);
    }

    @Test
    void shortensNumbersThatDoNotFit() {
        Frames host = new Frames().holds(1, "many", 1, 12_345_678);

        assertThat(text(PLAIN, host.model(), 80, 24)).anyMatch(line -> line.contains(" 12M "));
    }

    @Test
    void showsPastUsageBesideBar() {
        TopModel model = host().model();
        for (long used : List.of(0L, 250L, 500L, 1000L)) {
            Frames host = host();
            host.aioNr = used;
            model = model.show(host.take());
        }
        assertThat(text(PLAIN, model, 120, 24).get(1)).contains("] ▂▁▃▅█ ", "1000 of 1000");
        assertThat(text(PLAIN, model, 80, 24))
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
    }

    @Test
    void drawsPhasesOfLatestTeardownInDetail() {
        TopModel model = host().model().press(KeyCode.ENTER, "\r");

        assertThat(text(PLAIN, model, 80, 40))
                .anyMatch(line -> line.startsWith("phases of the teardown at 00:01:40, WAIT 40.0ms"))
                .anyMatch(line -> line.matches("  grace +[\\d.]+ms  \\.{60}"))
                .anyMatch(line -> line.matches("  io +0ns"));
    }
}
