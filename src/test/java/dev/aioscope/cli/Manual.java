package dev.aioscope.cli;

import dev.aioscope.diagnosis.Versions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Generates manual pages, and completions for bash, zsh and fish, from the command model. packaging/build runs this file as a
 * single-file program, so it uses only public classes of aioscope.
 */
final class Manual {
    private static final String NAME = "aioscope";

    private final String date;
    private final CommandSpec main;
    private final List<CommandSpec> commands;

    /**
     * @param line with all commands
     * @param date of the pages, such as {@code 2026-11-23}
     */
    Manual(CommandLine line, String date) {
        this.date = date;
        main = line.getCommandSpec();
        commands = line.getSubcommands().values().stream()
                .map(CommandLine::getCommandSpec)
                .toList();
    }

    /** Writes all files below the directory of the first argument, in place of {@code /usr/share}; the second is the date. */
    public static void main(String[] arguments) throws IOException {
        Manual manual = new Manual(Main.commandLine(), arguments[1]);
        for (Map.Entry<String, String> file : manual.files().entrySet()) {
            Path path = Path.of(arguments[0], file.getKey());
            Files.createDirectories(path.toAbsolutePath().getParent());
            Files.writeString(path, file.getValue());
        }
    }

    /** The contents of the files, by path below {@code /usr/share}. */
    Map<String, String> files() {
        Map<String, String> files = new TreeMap<>();
        files.put("man/man1/" + NAME + ".1", page(main));
        commands.forEach(command -> files.put("man/man1/" + fullName(command) + ".1", page(command)));
        files.put("bash-completion/completions/" + NAME, AutoComplete.bash(NAME, main.commandLine()));
        files.put("zsh/site-functions/_" + NAME, zsh());
        files.put("fish/vendor_completions.d/" + NAME + ".fish", fish());
        return files;
    }

    // --- manual pages ---

    private String page(CommandSpec command) {
        UsageMessageSpec usage = command.usageMessage();
        List<String> page = new ArrayList<>();
        page.add(".TH " + fullName(command).toUpperCase(Locale.ROOT) + " 1 \"" + date + "\" \"" + NAME + " "
                + Versions.aioscope() + "\" \"" + NAME + "\"");
        page.add(".SH NAME");
        page.add(roff(fullName(command)) + " \\- " + roff(withoutStop(plain(usage.header()))));
        page.add(".SH SYNOPSIS");
        page.add(".B " + roff(command.qualifiedName()));
        page.add(roff(synopsis(command)));
        String description = plain(usage.description());
        if (!description.isEmpty()) {
            page.add(".SH DESCRIPTION");
            page.add(roff(description));
        }
        if (command == main) {
            page.add(".SH COMMANDS");
            for (CommandSpec each : commands) {
                page.add(".TP");
                page.add(".B " + roff(each.name()));
                page.add(roff(plain(each.usageMessage().header())) + " See");
                page.add(".BR " + roff(fullName(each)) + " (1).");
            }
        }
        page.add(".SH OPTIONS");
        for (ArgSpec argument : shown(command)) {
            page.add(".TP");
            page.add(".B " + roff(names(argument)));
            page.add(roff(plain(argument.description())));
        }
        footer(page, usage);
        page.add(".SH SEE ALSO");
        page.add(Stream.concat(Stream.of(main), commands.stream())
                .filter(other -> other != command && (command == main || other == main))
                .map(other -> ".BR " + roff(fullName(other)) + " (1)")
                .collect(Collectors.joining(",\n")));
        return String.join("\n", page) + "\n";
    }

    /** Writes columns, examples and exit status without filling lines. */
    private static void footer(List<String> page, UsageMessageSpec usage) {
        if (usage.footer().length > 0) {
            page.add(".SH NOTES");
            String heading = plain(usage.footerHeading()).strip();
            page.add(heading.isEmpty() ? ".nf" : roff(heading) + "\n.PP\n.nf");
            page.add(Arrays.stream(usage.footer())
                    .map(line -> roff(plain(line)))
                    .collect(Collectors.joining("\n"))
                    .replace("\n\n", "\n.fi\n.PP\n.nf\n"));
            page.add(".fi");
        }
    }

    private static String synopsis(CommandSpec command) {
        String positional = command.positionalParameters().stream()
                .filter(parameter -> !parameter.hidden())
                .map(parameter -> " [" + parameter.paramLabel() + "]")
                .collect(Collectors.joining());
        return "[OPTION...]" + positional + (command.subcommands().isEmpty() ? "" : " COMMAND");
    }

    /** As {@code -h, --help} or {@code --slow-threshold=TIME}. */
    private static String names(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option)) {
            return argument.paramLabel();
        }
        String parameter = option.arity().max() == 0 ? "" : "=" + option.paramLabel();
        return String.join(", ", option.names()) + parameter;
    }

    /** Escapes text for troff: leading dots, backslashes and hyphens. */
    private static String roff(String text) {
        return text.replace("\\", "\\e")
                .replace("-", "\\-")
                .replace("–", "\\[en]")
                .replaceAll("(?m)^([.'])", "\\\\&$1");
    }

    // --- completions ---

    private String zsh() {
        StringBuilder script = new StringBuilder("#compdef " + NAME + "\n\nlocal curcontext=$curcontext state\n"
                + "_arguments -C \\\n  '(- *)'{-h,--help}'[show help]' \\\n"
                + "  '(- *)'{-V,--version}'[show the version]' \\\n"
                + "  '1:command:(("
                + commands.stream()
                        .map(command -> command.name() + "\\:" + "\"" + escaped(summary(command)) + "\"")
                        .collect(Collectors.joining(" "))
                + "))' \\\n  '*::argument:->rest'\n\n[[ $state == rest ]] || return\ncase $words[1] in\n");
        for (CommandSpec command : commands) {
            script.append("  ").append(command.name()).append(") _arguments");
            for (ArgSpec argument : shown(command)) {
                script.append(" \\\n    ").append(zsh(argument));
            }
            script.append(" ;;\n");
        }
        return script.append("esac\n").toString();
    }

    private static String zsh(ArgSpec argument) {
        String label = argument.paramLabel().replaceAll("[<>:]", "");
        String value = values(argument).isEmpty()
                ? takesFile(argument) ? ":_files" : ":"
                : ":(" + String.join(" ", values(argument)) + ")";
        if (!(argument instanceof OptionSpec option)) {
            return "'*:" + label + value + "'";
        }
        String about = "[" + escaped(summary(argument)) + "]";
        String parameter = option.arity().max() == 0 ? "" : ":" + label + value;
        return Arrays.stream(option.names())
                .map(name -> "'" + name + (!parameter.isEmpty() && name.startsWith("--") ? "=" : "") + about + parameter
                        + "'")
                .collect(Collectors.joining(" \\\n    "));
    }

    private String fish() {
        StringBuilder script = new StringBuilder("complete -c " + NAME + " -f\n");
        for (CommandSpec command : commands) {
            script.append("complete -c " + NAME + " -n __fish_use_subcommand -a " + command.name() + " -d '"
                    + fishQuoted(summary(command)) + "'\n");
        }
        script.append(fish(main, "__fish_use_subcommand"));
        commands.forEach(
                command -> script.append(fish(command, "'__fish_seen_subcommand_from " + command.name() + "'")));
        return script.toString();
    }

    private static String fish(CommandSpec command, String condition) {
        StringBuilder script = new StringBuilder();
        for (ArgSpec argument : shown(command)) {
            if (argument instanceof OptionSpec option) {
                script.append("complete -c " + NAME + " -n ").append(condition);
                for (String name : option.names()) {
                    script.append(name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
                }
                if (option.arity().max() > 0) {
                    script.append(takesFile(option) ? " -rF" : " -x");
                }
                if (!values(option).isEmpty()) {
                    script.append(" -a '" + String.join(" ", values(option)) + "'");
                }
                script.append(" -d '" + fishQuoted(summary(option)) + "'\n");
            }
        }
        return script.toString();
    }

    // --- shared ---

    private static String fullName(CommandSpec command) {
        return command.qualifiedName("-");
    }

    private static List<ArgSpec> shown(CommandSpec command) {
        return Stream.<ArgSpec>concat(command.positionalParameters().stream(), command.options().stream())
                .filter(argument -> !argument.hidden())
                .toList();
    }

    private static List<String> values(ArgSpec argument) {
        List<String> values = new ArrayList<>();
        if (argument.completionCandidates() != null) {
            argument.completionCandidates().forEach(value -> values.add(value.toLowerCase(Locale.ROOT)));
        }
        return values;
    }

    private static boolean takesFile(ArgSpec argument) {
        return argument.typeInfo().getType() == Path.class;
    }

    /** The first sentence, or the text before the default. */
    private static String summary(ArgSpec argument) {
        return summary(argument.description());
    }

    private static String summary(CommandSpec command) {
        return summary(command.usageMessage().header());
    }

    private static String summary(String... text) {
        return withoutStop(plain(text).replaceFirst("(?s) \\(default: .*|[.;:] .*", ""));
    }

    private static String plain(String... text) {
        return Ansi.OFF.string(String.format(String.join("\n", text)));
    }

    /** Escapes text for brackets or double quotes within single quotes of zsh. */
    private static String escaped(String text) {
        return text.replace("'", "'\\''").replaceAll("[\"\\[\\]:]", "\\\\$0");
    }

    /** Escapes text for single quotes of fish. */
    private static String fishQuoted(String text) {
        return text.replace("\\", "\\\\").replace("'", "\\'");
    }

    private static String withoutStop(String text) {
        return text.strip().replaceFirst("\\.$", "");
    }
}
