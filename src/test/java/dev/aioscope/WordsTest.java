package dev.aioscope;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Rejects words outside the house style in documents, messages, comments and names. A failure shows file, line and
 * replacement.
 */
class WordsTest {
    /**
     * A word or phrase, as a regular expression in which a space matches spaces or one line break.
     *
     * @param inText whether documents, scripts, comments and string literals may not contain it
     * @param inNames whether identifiers, split into words, may not contain it
     */
    private record Banned(String expression, String replacement, boolean inText, boolean inNames) {
        static Banned text(String expression, String replacement) {
            return new Banned(expression, replacement, true, false);
        }

        static Banned name(String expression, String replacement) {
            return new Banned(expression, replacement, false, true);
        }

        static Banned both(String expression, String replacement) {
            return new Banned(expression, replacement, true, true);
        }

        boolean matches(String found) {
            return pattern(Stream.of(this)).matcher(found).matches();
        }

        static Pattern pattern(Stream<Banned> alternatives) {
            String expression = alternatives.map(Banned::expression).collect(Collectors.joining("|"));
            return Pattern.compile(
                    "\\b(?=\\w)(?:" + expression.replace(" ", "(?:[ \t]+|[ \t]*\n[ \t]*)") + ")\\b",
                    Pattern.CASE_INSENSITIVE);
        }
    }

    private static final List<Banned> BANNED = List.of(
            // Private words
            Banned.both("cure[sd]?", "hint"),
            Banned.both("mend(?:s|ed|ing)?", "fix"),
            Banned.both("anew", "again; for settings: reload"),
            Banned.both("told|tells?|telling", "report, show, name; distinguish"),
            Banned.text("heard|hears?", "receive"),
            Banned.both("whoever", "users, operators, the caller"),
            Banned.both("somebody|anybody", "a user, a process"),
            Banned.both("mistakes?", "error"),
            Banned.both("(?<!-)faces?", "page, view, endpoint"),
            Banned.both("unseen", "absent, not observed, skipped"),
            Banned.text("news", "events"),
            Banned.text("ill", "unhealthy"),
            Banned.text("set-ups?", "setup"),
            Banned.text("for ever", "forever"),
            Banned.text("teach(?:es)?", "show"),
            Banned.name("pictures?", "frame"),
            Banned.name("happenings?", "activity"),
            Banned.name("looks?|looked", "scan, read, find"),
            Banned.text(
                    "(?:an?|the|each|every|one|no|first|last|latest|next|two|per|this|between|single) looks?", "scan"),
            Banned.text("looks? every", "scan interval"),
            Banned.text("look(?:s|ed|ing)? (?:at|into)", "scan, read, examine"),

            // Phrases
            Banned.text("(?:not|never|is|are|was|were|be|been) seen|to be seen", "observed, visible, absent"),
            Banned.text("(?:to|can|cannot|could|might|must) be had", "available, supported, permitted"),
            Banned.text("(?:is|are|was|were) (?:not )?to be", "must, can, will"),
            Banned.text("(?:give|gives|given|gave|giving)(?: it| them| that)? back", "release, return, restore"),
            Banned.text("(?:take|takes|taken|took|taking)(?: it| them| that)? away", "remove, detach"),
            Banned.text("(?:take|takes|taken|took|taking) no notice", "ignore"),
            Banned.text(
                    "(?:what|requests?|threads?) (?:is |are |was |were )?left|(?:is|are|was|were) left(?! (?:behind|out|alone))",
                    "outstanding, remaining"),
            Banned.text("left over", "remaining"),
            Banned.text("(?:stands?|standing|stood) still", "pause, stop, hang"),
            Banned.text("(?:stands?|standing|stood) in", "is in, contains, replaces"),
            Banned.text("(?:stands?|standing|stood) for", "means, replaces"),
            Banned.text("(?:go|goes|going|went|gone) on", "continue, last, run"),
            Banned.text("oldest goes", "drop, evict"),
            Banned.text("lasts so long", "lasts this long"),
            Banned.text("of (?:its|their|our|one's) own", "separate, private, its"),
            Banned.text("nobody (?:\\w+s|else|can|could|would|did)", "no user, no process, no thread"),
            Banned.text("(?:kernel|host|verifier) refuse[sd]?", "reject; only io_setup refuses"),

            // Renamed settings, fields and metrics
            Banned.text("allow-syscall(?!-tier)", "allow-syscall-tier"),
            Banned.text("straggler-pause", "late-completion-pause"),
            Banned.text("recorder-folder", "recorder-directory"),
            Banned.text("max-waiting", "max-queued-events"),
            Banned.text("requests_left", "outstanding_now"),
            Banned.text("siblings_left", "siblings_now"),
            Banned.text("charge_each", "largest_charge"),
            Banned.text("not_seen", "not_observed"),
            Banned.text("refused_processes", "unreadable_processes"),
            Banned.text("unfinished_processes", "partial_processes"),
            Banned.text("(?:aioscope[._])?look[._](?:age|unseen)\\w*", "scan.age, scan.skipped"),
            Banned.text("(?:aioscope[._])?span[._]waiting", "span.queued"));

    private static final Pattern IN_TEXT = Banned.pattern(BANNED.stream().filter(Banned::inText));
    private static final Pattern IN_NAMES = Banned.pattern(BANNED.stream().filter(Banned::inNames));

    private static final List<String> ROOTS =
            List.of("README.md", "NOTICE", "pom.xml", ".github", "agent", "dashboards", "packaging", "probes", "src");

    /** The parts of Java, C and bpftrace sources. Possessive loops keep the matcher from recursing on long literals. */
    private static final Pattern TOKEN = Pattern.compile("(?<comment>//[^\n]*+|/\\*(?s:.*?)\\*/)"
            + "|\"\"\"(?<block>(?s:.*?))\"\"\""
            + "|\"(?<string>[^\"\\\\\n]*+(?:\\\\.[^\"\\\\\n]*+)*+)\""
            + "|'(?:\\\\.|[^'\\\\\n])[^'\n]*+'"
            + "|(?<name>[A-Za-z_]\\w*+)"
            + "|(?<barrier>[^\\s+])");

    private static final Pattern CODE = Pattern.compile("[^\n]+");
    private static final Pattern COMMENT_START = Pattern.compile("(?m)^[ \t]*(?:/\\*+|\\*+/?|//+|#+)");
    private static final Pattern ESCAPE = Pattern.compile("\\\\[nt\"]");
    private static final Pattern WORD_START = Pattern.compile("_+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])");
    /** In the changelog, the old name in a rename. */
    private static final Pattern OLD_NAME = Pattern.compile("`[^`\n]*`(?= →)");

    private record Hit(int line, String found, String replacement) {
        @Override
        public String toString() {
            return line + ": " + found + " (use: " + replacement + ")";
        }
    }

    @Test
    void projectContainsNoBannedWord() throws IOException {
        List<String> hits = new ArrayList<>();
        for (String root : ROOTS) {
            try (Stream<Path> files = Files.walk(Path.of(root))) {
                for (Path file : files.filter(WordsTest::isScanned).toList()) {
                    scan(file.toString(), Files.readString(file)).forEach(hit -> hits.add(file + ":" + hit));
                }
            }
        }
        assertThat(hits.size()).as("%s", String.join("\n", hits)).isZero();
    }

    private static boolean isScanned(Path file) {
        return Files.isRegularFile(file)
                && !file.toString().matches(".*\\.(?:png|aioscope|expected|pyc)")
                && !file.endsWith("WordsTest.java");
    }

    private static List<Hit> scan(String file, String content) {
        List<Hit> hits = new ArrayList<>();
        String text = content;
        if (file.matches(".*\\.(?:java|c|h|bt)")) {
            StringBuilder names = new StringBuilder();
            text = split(content, names);
            find(names.toString(), IN_NAMES, hits);
        } else if (file.endsWith("CHANGELOG.md")) {
            text = blank(OLD_NAME, content);
        }
        find(blank(ESCAPE, blank(COMMENT_START, text)), IN_TEXT, hits);
        return hits;
    }

    /** Returns comments and literals of a source file at their places, and appends the words of identifiers by line. */
    private static String split(String source, StringBuilder names) {
        StringBuilder text = new StringBuilder(blank(CODE, source));
        Matcher token = TOKEN.matcher(source);
        int end = 0;
        while (token.find()) {
            names.append(source.substring(end, token.start()).replaceAll("[^\n]+", ""));
            end = token.start();
            if (token.group("name") != null) {
                names.append(WORD_START.matcher(token.group()).replaceAll(" ")).append('|');
                text.setCharAt(end, '|');
            } else if (token.group("barrier") != null) {
                text.setCharAt(end, '|');
            }
            for (String group : List.of("comment", "block", "string")) {
                if (token.group(group) != null) {
                    text.replace(token.start(group), token.end(group), token.group(group));
                }
            }
        }
        return text.toString();
    }

    private static String blank(Pattern pattern, String text) {
        return pattern.matcher(text)
                .replaceAll(match -> " ".repeat(match.group().length()));
    }

    private static void find(String text, Pattern pattern, List<Hit> hits) {
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            String found = matcher.group();
            Banned banned = BANNED.stream()
                    .filter(one -> one.matches(found))
                    .findFirst()
                    .orElseThrow();
            int line = text.substring(0, matcher.start()).split("\n", -1).length;
            hits.add(new Hit(line, found.replaceAll("\\s+", " "), banned.replacement));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a.md   | The log is told of it                | 1: told
            a.md   | first\\nnot to\\nbe had here         | 2: to be had
            a.sh   | # not to\\n# be had                  | 1: to be had
            a.java | /** A cure.\\n * Requests are\\n * left. */ | 1: cure, 2: Requests are left
            a.java | f("not to be "\\n    + "had");       | 1: to be had
            a.java | log("a\\tcure");                      | 1: cure
            a.java | boolean isLookDue, is_told, UNSEEN;  | 1: Look, 1: told, 1: UNSEEN
            a.c    | int look_age; /* whoever */          | 1: look, 1: whoever
            a.java | String s = '"' + "anew" + '\\'';     | 1: anew
            CHANGELOG.md | - `not_seen` → `not_seen`      | 1: not_seen
            """)
    void reportsBannedWords(String file, String content, String expected) {
        assertThat(scan(file, content.replace("\\n", "\n")))
                .extracting(hit -> hit.line() + ": " + hit.found().toLowerCase(Locale.ROOT))
                .containsExactlyInAnyOrder(expected.toLowerCase(Locale.ROOT).split(", "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a.md   | It looks like a lookup in the interface, a recommendation, left-hand
            a.md   | As the user nobody with 64 KB of locked memory. Where to look
            a.java | Object lookup = interfaces.amended(curecord);
            a.java | f("not to be", "had");
            a.java | int seen, left; // two
            CHANGELOG.md | - `not_seen` → `not_observed`, `straggler-pause` → `late-completion-pause`
            """)
    void acceptsOtherWords(String file, String content) {
        assertThat(scan(file, content)).isEmpty();
    }

    @Test
    void replacementsAreNotBanned() {
        assertThat(BANNED)
                .allSatisfy(
                        banned -> assertThat(scan("a.md", banned.replacement)).isEmpty());
    }
}
