package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The live view in a real terminal, compared with the kernel and the program that holds the contexts. */
class TopIT {
    private static final String FOOTER = "q quit";

    @TempDir
    private Path folder;

    @BeforeAll
    static void compile() throws Exception {
        Commands.assumeInstalled("tmux");
        AioWork.compile();
    }

    private TmuxSession top(int columns, int rows, String... arguments) throws IOException {
        String[] all = new String[arguments.length + 1];
        all[0] = "top";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return new TmuxSession(folder, columns, rows, Aioscope.command(all));
    }

    private static boolean has(List<String> screen, String pattern) {
        return screen.stream().anyMatch(line -> line.matches(pattern));
    }

    /** The sum of the CHARGE column, including the unattributed charge. */
    private static long charged(List<String> screen) {
        int heading = 0;
        while (!screen.get(heading).contains(" CHARGE ")) {
            heading++;
        }
        long sum = 0;
        for (String line : screen.subList(heading + 1, screen.size())) {
            String charge = line.length() < 20 ? "" : line.substring(12, 20).strip();
            if (line.isEmpty() || line.startsWith("TIME")) {
                break;
            }
            sum += Long.parseLong(charge);
        }
        return sum;
    }

    private static long aioNr(List<String> screen) {
        return Long.parseLong(screen.get(1).replaceAll("^.*\\] (\\d+) of .*$", "$1"));
    }

    @ParameterizedTest
    @CsvSource({"80, 24", "200, 60"})
    void showsValuesOfKernelAndProgram(int columns, int rows) throws IOException {
        try (AioWork many = AioWork.start("many", "--count", "4", "--charge", "25", "--wait");
                AioWork poll = AioWork.start("poll-and-read", "--charge", "64", "--outstanding", "0", "--wait");
                TmuxSession top = top(columns, rows)) {
            many.await("ready");
            poll.await("ready");
            String holder = " *" + many.pid() + " +4 +100 .*aiowork.*";
            String poller = " *" + poll.pid() + " +1 +64 +\\S+ +1 .*aiowork.*";
            List<String> screen = top.await(
                    "both holders, and fs.aio-nr as it is",
                    shown -> has(shown, holder)
                            && has(shown, poller)
                            && aioNr(shown) == Host.aioNr().orElseThrow().longValueExact());

            assertThat(screen).hasSize(rows).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(columns));
            assertThat(screen.get(0)).contains("Linux " + Host.release());
            assertThat(screen.get(1))
                    .contains(" of " + Host.aioMaxNr().orElseThrow().longValueExact() + " ");
            assertThat(screen.get(rows - 1)).contains(FOOTER);
            assertThat(charged(screen)).as("%s", screen).isEqualTo(aioNr(screen));

            poll.proceed();
            poll.finish();
            top.await(
                    "the destroy, and its process gone from the list",
                    shown -> has(shown, ".* " + poll.pid() + " aiowork +destroy .* ok.*") && !has(shown, poller));
            top.press("q");
            assertClean(top, 0);
        }
    }

    @Test
    void showsRingWithoutChargeInProcTier() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--charge", "25", "--wait");
                TmuxSession top = top(80, 24, "--tier", "proc")) {
            work.await("ready");
            List<String> screen = top.await(
                    "the holder, and fs.aio-nr as it is",
                    shown -> has(shown, " *" + work.pid() + " +4 +– +– .*aiowork.*")
                            && aioNr(shown) == Host.aioNr().orElseThrow().longValueExact());

            assertThat(screen.get(0)).contains("tier proc");
            assertThat(screen.get(1))
                    .contains(" of " + Host.aioMaxNr().orElseThrow().longValueExact() + " ");
            top.press("q");
            assertClean(top, 0);
        }
    }

    @Test
    void obeysEveryKeyOfFooter() throws IOException {
        try (AioWork first = AioWork.start("many", "--count", "1", "--charge", "900", "--wait");
                AioWork second = AioWork.start("many", "--count", "3", "--charge", "100", "--wait");
                TmuxSession top = top(80, 24, "--pid", first.pid() + "," + second.pid())) {
            first.await("ready");
            second.await("ready");
            String firstRow = " *" + first.pid() + " +1 +900 .*";
            String secondRow = " *" + second.pid() + " +3 +300 .*";
            top.await(
                    "by charge",
                    shown -> shown.size() > 6
                            && shown.get(5).matches(firstRow)
                            && shown.get(6).matches(secondRow));
            top.press("s");
            top.await("by contexts", shown -> shown.get(5).matches(secondRow));
            for (int i = 0; i < 7; i++) {
                top.press("s");
            }
            top.await("by charge again", shown -> shown.get(5).matches(firstRow));

            // Each key sequence moves the cursor to the second row.
            for (List<String> keys : List.of(
                    List.of("j"),
                    List.of("k", "Down"),
                    List.of("Up", "NPage"),
                    List.of("PPage", "End"),
                    List.of("Home", "j"))) {
                top.press(keys.toArray(String[]::new));
                top.press("Enter");
                top.await("process " + second.pid() + " aiowork");
                top.await("contexts 3  charge 300");
                // Sequences without a meaning; read byte by byte they would begin with Esc.
                top.press("C-Up", "S-Down", "F5");
                top.await("contexts 3  charge 300");
                top.press("Escape");
                top.await(FOOTER);
            }

            top.press("f");
            top.await("Enter applies");
            top.press("" + first.pid());
            top.await("only one row", shown -> has(shown, firstRow) && !has(shown, secondRow));
            top.press("BSpace", "z", "Enter");
            top.await("no row", shown -> !has(shown, firstRow) && has(shown, "filter: .*z .*"));
            top.press("Escape");
            top.await("both rows", shown -> has(shown, firstRow) && has(shown, secondRow));
            top.press("/", "x", "Escape");
            top.await("both rows", shown -> has(shown, firstRow) && has(shown, secondRow));

            for (String group : List.of("CONTAINER", "CGROUP", "USER", "COMMAND")) {
                top.press("g");
                top.await(" " + group);
            }
            top.press("?");
            top.await("Columns");
            top.press("j", "k", "Escape");
            top.await(FOOTER);

            top.press("p");
            top.await("PAUSED");
            second.proceed();
            second.finish();
            top.press("j");
            assertThat(top.await("PAUSED")).anyMatch(line -> line.matches(secondRow));
            top.press("p");
            top.await("the second holder gone", shown -> !has(shown, secondRow) && has(shown, firstRow));

            top.resize(120, 40);
            top.await(
                    "a larger window",
                    shown -> shown.size() == 40
                            && shown.get(39).contains(FOOTER)
                            && has(shown, ".* USER .* CONTAINER .*"));
            top.resize(60, 12);
            top.await(
                    "a smaller window",
                    shown -> shown.size() == 12
                            && shown.get(11).startsWith("jk move")
                            && has(shown, ".*unattributed.*"));
            top.resize(80, 24);
            top.await(
                    "the first size again",
                    shown -> shown.size() == 24 && shown.get(23).contains(FOOTER));
            top.press("q");
            assertClean(top, 0);
        }
    }

    @Test
    void restoresTerminalOnCtrlC() throws IOException {
        try (TmuxSession top = top(80, 24)) {
            top.await(FOOTER);
            assertThat(top.isAlternate()).isTrue();
            assertThat(top.isCursorShown()).isFalse();
            top.press("C-z", "C-\\", "C-c");
            assertClean(top, 130);
        }
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "HUP, 129"})
    void restoresTerminalOnSignal(String signal, int status) throws IOException {
        try (TmuxSession top = top(200, 60)) {
            top.await(FOOTER);
            top.kill(signal);
            assertClean(top, status);
        }
    }

    /** Replaces a class that sorting needs, as an upgrade does when it replaces the jar meanwhile. */
    @Test
    void restoresTerminalWhenDrawingFails() throws IOException {
        Path broken = folder.resolve("dev/aioscope/top/Sort$1.class");
        Files.createDirectories(broken.getParent());
        Files.writeString(broken, "no class");
        try (TmuxSession top = new TmuxSession(folder, 80, 24, Aioscope.commandWithResources(folder, "top"));
                AioWork first = AioWork.start("many", "--count", "1", "--charge", "10", "--wait");
                AioWork second = AioWork.start("many", "--count", "1", "--charge", "10", "--wait")) {
            first.await("ready");
            second.await("ready");
            assertRestored(top, 1);
            assertThat(top.file("err")).contains("Sort$1");
        }
    }

    private static void assertClean(TmuxSession top, int status) throws IOException {
        assertRestored(top, status);
        assertThat(top.file("err")).contains("Tier ").doesNotContain("\tat ");
    }

    private static void assertRestored(TmuxSession top, int status) throws IOException {
        List<String> screen = top.await(TmuxSession.EXITED);
        assertThat(screen).as("the previous content").contains("typed before").noneMatch(line -> line.contains(FOOTER));
        assertThat(top.isAlternate()).isFalse();
        assertThat(top.isCursorShown()).isTrue();
        assertThat(top.file("after")).isEqualTo(top.file("before"));
        assertThat(top.file("status").strip()).isEqualTo("" + status);
    }

    @Test
    void printsScreenAsPlainTextOnce() throws IOException {
        try (AioWork work = AioWork.start("many", "--count", "4", "--charge", "25", "--wait")) {
            work.await("ready");
            String text = Commands.run(Aioscope.command("top", "--once", "--hide-arguments"));

            assertThat(text.lines()).anyMatch(line -> line.matches(" *" + work.pid() + " +4 +100 .*/aiowork"));
            assertThat(text).contains("unattributed").doesNotContain("\u001b", FOOTER);
        }
    }

    @Test
    void printsTextForEachScanToFile() throws Exception {
        Path output = folder.resolve("top.log");
        Process top = Commands.start(output, Aioscope.command("top", "--scan-interval", "100ms"));
        try (AioWork work = AioWork.start("many", "--count", "4", "--charge", "25", "--wait")) {
            work.await("ready");
            Commands.awaitText(top, output, " " + work.pid() + "    4     100 ");
        }
        Commands.stop(top, "TERM", 143, output);
        assertThat(Files.readString(output)).doesNotContain("\u001b");
    }
}
