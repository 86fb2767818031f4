package dev.aioscope.config;

import dev.aioscope.config.SettingValue.Origin;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The daemon's settings. Each is a {@link Configurable} option of its command, which documents it. */
public final class SettingsModel {
    /** The flag that names the settings file. */
    public static final String CONFIG_FLAG = "--config";

    private final Supplier<CommandLine> daemon;

    /** A command that needs to know which of its settings come from the file and the environment. */
    public interface Configured {
        /** Receives these settings by name. */
        void configure(Map<String, SettingValue> values);
    }

    /**
     * Describes the options of a command.
     *
     * @param daemon makes the command line of the daemon; its user object is {@link Configured}
     */
    public SettingsModel(Supplier<CommandLine> daemon) {
        this.daemon = daemon;
    }

    /** All settings, in the order of the help. */
    public List<Setting> all() {
        CommandLine line = daemon.get();
        return line.getCommandSpec().options().stream()
                .filter(option -> mark(option) != null)
                .map(option -> setting(option, line))
                .toList();
    }

    /** The name of a setting is that of its option without the dashes. */
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
                value -> error(daemon, option, value));
    }

    /** The description without the default, which has a separate column. */
    private static String meaning(OptionSpec option) {
        String initial = "(default: " + option.defaultValue();
        return String.join(" ", option.description())
                .replace(" " + initial + ")", "")
                .replace(initial + ", ", "(by default ");
    }

    /** The command line's error for this value. */
    private static Optional<String> error(CommandLine daemon, OptionSpec option, String value) {
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
     * The settings of the file and the environment, by name.
     *
     * @param file null for none
     * @throws dev.aioscope.config.SettingsException if a setting or the file is wrong
     */
    public Map<String, SettingValue> read(@Nullable Path file) {
        Map<String, String> environment = System.getenv();
        return SettingSources.mayContainSettings(file, environment)
                ? SettingSources.read(all(), this::similar, file, environment)
                : Map.of();
    }

    private String similar(String name) {
        List<String> suggestions = new UnmatchedArgumentException(daemon.get(), List.of("--" + name)).getSuggestions();
        return suggestions.stream()
                .filter(suggestion -> suggestion.startsWith("--"))
                .map(suggestion -> suggestion.substring(2))
                .findFirst()
                .orElse("");
    }

    /** The settings file that the daemon reads with these flags; null for none. */
    public @Nullable Path file(List<String> flags) {
        ParseResult parsed = daemon.get().parseArgs(flags.toArray(String[]::new));
        return SettingSources.file(parsed.matchedOptionValue(CONFIG_FLAG, null));
    }

    /**
     * Parses the daemon's flags with the defaults of the file and the environment.
     *
     * @throws dev.aioscope.config.SettingsException if a setting or the file is wrong
     * @throws ParameterException if a flag is wrong
     */
    public CommandLine parse(List<String> flags) {
        CommandLine line = daemon.get();
        apply(read(file(flags)), line);
        line.parseArgs(flags.toArray(String[]::new));
        return line;
    }

    /**
     * The value of each setting for the daemon, whatever its source.
     *
     * @param values of the file and the environment
     * @param flags the daemon's command line; null for none
     */
    public Map<Setting, SettingValue> effective(Map<String, SettingValue> values, @Nullable ParseResult flags) {
        Map<Setting, SettingValue> effective = new LinkedHashMap<>();
        for (Setting setting : all()) {
            OptionSpec flag = flags == null ? null : flags.matchedOption(setting.flag());
            effective.put(
                    setting,
                    flag != null
                            ? new SettingValue(String.join(",", flag.stringValues()), Origin.FLAG, setting.flag())
                            : values.getOrDefault(
                                    setting.name(), new SettingValue(setting.initial(), Origin.DEFAULT, "default")));
        }
        return effective;
    }

    /**
     * Parses the command line again if the file or the environment has settings for the command.
     *
     * @param line of all commands
     * @param parsed without the settings
     * @throws dev.aioscope.config.SettingsException if a setting or the file is wrong
     */
    public ParseResult complete(CommandLine line, ParseResult parsed) {
        CommandLine command =
                parsed.asCommandLineList().get(parsed.asCommandLineList().size() - 1);
        CommandSpec spec = command.getCommandSpec();
        OptionSpec config = spec.findOption(CONFIG_FLAG);
        boolean isHelp = command.isUsageHelpRequested() || command.isVersionHelpRequested();
        boolean hasSettings = spec.options().stream().anyMatch(option -> mark(option) != null);
        if (config == null || !hasSettings || isHelp) {
            return parsed;
        }
        Map<String, SettingValue> values = read(SettingSources.file(config.getValue()));
        if (values.isEmpty()) {
            return parsed;
        }
        apply(values, command);
        return line.parseArgs(parsed.originalArgs().toArray(String[]::new));
    }

    private static void apply(Map<String, SettingValue> values, CommandLine command) {
        Object user = command.getCommandSpec().userObject();
        if (user instanceof Configured configured) {
            configured.configure(values);
        }
        command.setDefaultValueProvider(provider(values, user instanceof Configured));
    }

    private static IDefaultValueProvider provider(Map<String, SettingValue> values, boolean isDaemon) {
        return argument -> {
            Configurable mark = argument instanceof OptionSpec option ? mark(option) : null;
            SettingValue value =
                    mark != null && (isDaemon || mark.everywhere()) ? values.get(name((OptionSpec) argument)) : null;
            return value == null ? null : value.value();
        };
    }
}
