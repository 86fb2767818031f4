package dev.aioscope.cli;

import dev.aioscope.cli.option.ConfigOption;
import dev.aioscope.cli.option.Configurable;
import dev.aioscope.config.Setting;
import dev.aioscope.config.SettingSources;
import dev.aioscope.config.SettingValue;
import dev.aioscope.config.SettingValue.Origin;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The settings that there are: each is an option of the daemon, which says all there is to say of it. */
public final class DaemonSettings {
    private DaemonSettings() {}

    /** All, in the order of the help. */
    public static List<Setting> all() {
        CommandLine daemon = Main.line(new RunCommand());
        return daemon.getCommandSpec().options().stream()
                .filter(option -> mark(option) != null)
                .map(option -> setting(option, daemon))
                .toList();
    }

    /** The name of a setting; that of its option without the dashes. */
    private static String name(OptionSpec option) {
        return option.longestName().substring(2);
    }

    private static @Nullable Configurable mark(OptionSpec option) {
        return option.userObject() instanceof Field field ? field.getAnnotation(Configurable.class) : null;
    }

    private static Setting setting(OptionSpec option, CommandLine daemon) {
        Configurable mark = Objects.requireNonNull(mark(option));
        return new Setting(
                name(option),
                option.isMultiValue() ? option.paramLabel() + ",..." : option.paramLabel(),
                option.defaultValue(),
                option.isMultiValue(),
                mark.reloads(),
                mark.everywhere(),
                meaning(option),
                value -> wrong(daemon, option, value));
    }

    /** Its description, without the default, which stands elsewhere. */
    private static String meaning(OptionSpec option) {
        String initial = "(default: " + option.defaultValue();
        return String.join(" ", option.description())
                .replace(" " + initial + ")", "")
                .replace(initial + ", ", "(by default ");
    }

    /** What the command line would say of this value. */
    private static Optional<String> wrong(CommandLine daemon, OptionSpec option, String value) {
        try {
            daemon.parseArgs(option.longestName() + "=" + value);
            return Optional.empty();
        } catch (ParameterException e) {
            String message = String.valueOf(e.getMessage());
            return Optional.of((option.typeInfo().isEnum() ? message.toLowerCase(Locale.ROOT) : message)
                    .replaceFirst("^[Ii]nvalid value for option '[^']*'(?: index \\d+)?(?: \\([^)]*\\))?: ", "")
                    .replaceFirst("[.\\s]+$", ""));
        }
    }

    /**
     * What the file and the environment set.
     *
     * @param file null for none
     * @throws dev.aioscope.config.SettingsException if anything is wrong there
     */
    public static Map<String, SettingValue> given(@Nullable Path file) {
        Map<String, String> environment = System.getenv();
        return SettingSources.sayAnything(file, environment)
                ? SettingSources.read(all(), DaemonSettings::similar, file, environment)
                : Map.of();
    }

    private static String similar(String name) {
        List<String> suggestions =
                new UnmatchedArgumentException(Main.line(new RunCommand()), List.of("--" + name)).getSuggestions();
        return suggestions.stream()
                .filter(suggestion -> suggestion.startsWith("--"))
                .map(suggestion -> suggestion.substring(2))
                .findFirst()
                .orElse("");
    }

    /** The settings file that the daemon reads with these flags; null for none. */
    public static @Nullable Path file(List<String> flags) {
        ParseResult parsed = Main.line(new RunCommand()).parseArgs(flags.toArray(String[]::new));
        return SettingSources.file(parsed.matchedOptionValue(ConfigOption.NAME, null));
    }

    /**
     * The daemon as these flags, the file and the environment want it.
     *
     * @throws dev.aioscope.config.SettingsException if anything is wrong with the latter
     */
    public static RunCommand daemon(List<String> flags) {
        RunCommand daemon = new RunCommand();
        CommandLine line = Main.line(daemon);
        daemon.given(given(file(flags)));
        line.setDefaultValueProvider(provider(daemon.given(), true));
        line.parseArgs(flags.toArray(String[]::new));
        return daemon;
    }

    /**
     * The value of each setting for the daemon, whoever set it.
     *
     * @param given by the file and the environment
     * @param flags the daemon's command line; null for none
     */
    public static Map<Setting, SettingValue> effective(Map<String, SettingValue> given, @Nullable ParseResult flags) {
        Map<Setting, SettingValue> effective = new LinkedHashMap<>();
        for (Setting setting : all()) {
            OptionSpec flag = flags == null ? null : flags.matchedOption(setting.flag());
            effective.put(
                    setting,
                    flag != null
                            ? new SettingValue(String.join(",", flag.stringValues()), Origin.FLAG, setting.flag())
                            : given.getOrDefault(
                                    setting.name(), new SettingValue(setting.initial(), Origin.DEFAULT, "default")));
        }
        return effective;
    }

    /**
     * Reads the command line again if the file or the environment has something for the command that was meant.
     *
     * @param line of all commands
     * @param parsed without what they say
     * @throws dev.aioscope.config.SettingsException if anything is wrong there
     */
    public static ParseResult complete(CommandLine line, ParseResult parsed) {
        CommandLine command =
                parsed.asCommandLineList().get(parsed.asCommandLineList().size() - 1);
        CommandSpec spec = command.getCommandSpec();
        OptionSpec config = spec.findOption(ConfigOption.NAME);
        boolean isHelp = command.isUsageHelpRequested() || command.isVersionHelpRequested();
        boolean isUser = spec.options().stream().anyMatch(option -> mark(option) != null);
        if (config == null || !isUser || isHelp) {
            return parsed;
        }
        Map<String, SettingValue> given = given(SettingSources.file(config.getValue()));
        if (given.isEmpty()) {
            return parsed;
        }
        boolean isDaemon = spec.userObject() instanceof RunCommand;
        if (isDaemon) {
            ((RunCommand) spec.userObject()).given(given);
        }
        command.setDefaultValueProvider(provider(given, isDaemon));
        return line.parseArgs(parsed.originalArgs().toArray(String[]::new));
    }

    private static IDefaultValueProvider provider(Map<String, SettingValue> given, boolean isDaemon) {
        return argument -> {
            Configurable mark = argument instanceof OptionSpec option ? mark(option) : null;
            SettingValue value =
                    mark != null && (isDaemon || mark.everywhere()) ? given.get(name((OptionSpec) argument)) : null;
            return value == null ? null : value.value();
        };
    }
}
