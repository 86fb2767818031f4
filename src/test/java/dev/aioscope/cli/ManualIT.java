package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Checks manual pages and completions with the programs that read them. */
class ManualIT {
    @TempDir
    static Path directory;

    @BeforeAll
    static void write() throws IOException {
        Manual.main(new String[] {directory.toString(), "2026-11-23"});
    }

    @Test
    void writesPagesWithoutLintWarnings() throws Exception {
        assertThat(pages()).hasSize(Main.commandLine().getSubcommands().size() + 1);
        for (Path page : pages()) {
            assertThat(run("mandoc", "-Tlint", "-Wwarning", page.toString())).isEmpty();
        }
    }

    @Test
    void documentsEachOptionAndExample() throws Exception {
        CommandLine main = Main.commandLine();
        for (CommandLine command : Stream.concat(Stream.of(main), main.getSubcommands().values().stream())
                .toList()) {
            String name = command.getCommandSpec().qualifiedName("-");
            String page = run(
                            "mandoc",
                            "-Tutf8",
                            "-O",
                            "width=200",
                            directory.resolve("man/man1/" + name + ".1").toString())
                    .replaceAll(".\b", "");
            command.getCommandSpec().options().stream()
                    .filter(option -> !option.hidden())
                    .forEach(option -> assertThat(page).contains(option.names()));
            for (String line : command.getCommandSpec().usageMessage().footer()) {
                assertThat(page.replaceAll("\\s+", " "))
                        .contains(String.format(line).strip().replaceAll("\\s+", " "));
            }
        }
    }

    @Test
    void completesCommandsAndOptionsInBash() throws Exception {
        String script =
                directory.resolve("bash-completion/completions/aioscope").toString();
        String complete = """
                . %s
                COMP_WORDS=(aioscope %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="${COMP_WORDS[*]}"
                _complete_aioscope 2>/dev/null # compopt fails outside a completion
                echo "${COMPREPLY[*]}"
                """;
        assertThat(run("bash", "-c", complete.formatted(script, "tr"))).isEqualTo("trace\n");
        assertThat(run("bash", "-c", complete.formatted(script, "contexts --hide")))
                .isEqualTo("--hide-arguments\n");
    }

    @Test
    void completesCommandsOptionsAndValuesInFish() throws Exception {
        String script =
                directory.resolve("fish/vendor_completions.d/aioscope.fish").toString();
        assertThat(fish(script, "aioscope tr")).containsExactly("trace");
        assertThat(fish(script, "aioscope contexts --hide")).containsExactly("--hide-arguments");
        assertThat(fish(script, "aioscope trace --tier s")).contains("syscall", "sample");
    }

    private static List<String> fish(String script, String words) throws Exception {
        return run("fish", "--no-config", "-c", "source " + script + "; complete -C '" + words + "'")
                .lines()
                .map(line -> line.replaceFirst("\t.*", ""))
                .toList();
    }

    /** Uses a real line editor, because zsh has no other way to query completions. */
    @Test
    void completesCommandsAndOptionsInZsh() throws Exception {
        assertThat(zsh("aioscope tra")).contains("aioscope trace");
        assertThat(zsh("aioscope contexts --hide")).contains("--hide-arguments");
    }

    /** The line after TAB. */
    private static String zsh(String typed) throws Exception {
        String script = """
                zmodload zsh/zpty
                zpty editor zsh -f -i
                zpty -w editor 'PS1=; unsetopt beep zle_bracketed_paste; fpath=(%s $fpath); autoload -U compinit; compinit -D -u'
                zpty -w editor 'show() { print -r -- "LI""NE<$BUFFER>"; zle accept-line }; zle -N show; bindkey "^G" show'
                zpty -w -n editor $'%s\\t\\C-g'
                zpty -r editor line '*LINE<*>*'
                print -r -- $line
                zpty -d editor
                """.formatted(directory.resolve("zsh/site-functions"), typed);
        return run("timeout", "30", "zsh", "-f", "-c", script).replaceFirst("(?s).*LINE<", "");
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> pages = Files.list(directory.resolve("man/man1"))) {
            return pages.toList();
        }
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return output;
    }
}
