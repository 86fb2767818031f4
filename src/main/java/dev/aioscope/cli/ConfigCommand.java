package dev.aioscope.cli;

import dev.aioscope.cli.option.ConfigOption;
import dev.aioscope.config.Setting;
import dev.aioscope.config.SettingSources;
import dev.aioscope.config.SettingValue;
import dev.aioscope.config.SettingValue.Origin;
import dev.aioscope.config.SettingsException;
import dev.aioscope.config.ValidationError;
import dev.aioscope.daemon.Configuration;
import dev.aioscope.http.HttpException;
import dev.aioscope.output.Json;
import dev.aioscope.output.Screen;
import dev.aioscope.output.Table;
import dev.aioscope.telemetry.OtelVariables;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks and shows the settings of the daemon. */
@Command(
        name = "config",
        header = "Checks and shows the settings of the daemon.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {ConfigCommand.Check.class, ConfigCommand.Show.class},
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        footerHeading =
                "%nFlags win over variables (AIOSCOPE_SLOW_THRESHOLD=1s for --slow-threshold 1s), these over the file, it over defaults.%n",
        footer = {
            "",
            "Examples:",
            "  aioscope config check                 whether the daemon can use its settings",
            "  aioscope config show --effective      every setting, with the place that its value comes from",
            "",
            "Exit status: 0 done, 2 wrong usage or wrong settings.",
        })
final class ConfigCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to do: check, show");
    }

    @Command(
            name = "check",
            header = "Tells whether the daemon can use its settings, and all that is wrong with them.",
            mixinStandardHelpOptions = true,
            versionProvider = Main.Version.class,
            optionListHeading = "%nOptions:%n")
    static final class Check implements Runnable {
        @Spec
        private CommandSpec spec;

        @Parameters(
                arity = "0..1",
                paramLabel = "FILE",
                description =
                        "The settings file (default: /etc/aioscope/aioscope.yaml if it is there). The files that it"
                                + " names and the variables of the environment are checked too.")
        private @Nullable Path named;

        @Override
        public void run() {
            Path file = SettingSources.file(named);
            RunCommand daemon = RunCommand.SETTINGS
                    .parse(file == null ? List.of() : List.of(ConfigOption.NAME + "=" + file))
                    .getCommand();
            Configuration configuration;
            try {
                configuration = daemon.configuration();
            } catch (HttpException | ParameterException e) {
                String where = file == null ? "environment" : file.toString();
                throw new SettingsException(
                        List.of(new ValidationError(where, String.valueOf(e.getMessage()), "correct or remove it")));
            }
            long set = configuration.settings().values().stream()
                    .filter(value -> value.origin() != Origin.DEFAULT)
                    .count();
            spec.commandLine()
                    .getOut()
                    .println((file == null ? SettingSources.DEFAULT_FILE + " is not there" : file + " can be used")
                            + ": " + (set == 0 ? "nothing is set, the defaults hold" : set + " set"));
        }
    }

    @Command(
            name = "show",
            header = "Shows what is set, and where.",
            mixinStandardHelpOptions = true,
            versionProvider = Main.Version.class,
            optionListHeading = "%nOptions:%n")
    static final class Show implements Runnable {
        @Spec
        private CommandSpec spec;

        @Mixin
        private ConfigOption config;

        @Option(names = "--effective", description = "Show all settings, the defaults too.")
        private boolean effective;

        @Option(names = "--json", description = "Print a JSON object per line.")
        private boolean json;

        @Override
        public void run() {
            Map<Setting, SettingValue> settings =
                    new LinkedHashMap<>(RunCommand.SETTINGS.effective(RunCommand.SETTINGS.read(config.file()), null));
            settings.values().removeIf(given -> !effective && given.origin() == Origin.DEFAULT);
            Map<String, String> variables = OtelVariables.masked(System.getenv());
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                settings.forEach((setting, given) ->
                        out.println(json(setting.name(), given, setting.initial(), setting.reloads())));
                variables.forEach((name, value) -> out.println(json(name, variable(name, value), null, false)));
                return;
            }
            Table table = new Table(0, "SETTING", "VALUE", "FROM");
            settings.forEach((setting, given) -> table.row(setting.name(), given.value(), given.where()));
            variables.forEach((name, value) -> table.row(name, value, "environment"));
            table.lines(Screen.FILE).forEach(out::println);
        }

        private static SettingValue variable(String name, String value) {
            return new SettingValue(value, Origin.ENVIRONMENT, name);
        }

        /** As {@code agent/json.md} has it. */
        static String json(String name, SettingValue given, @Nullable String initial, boolean reloads) {
            return Json.line(
                    "setting",
                    object -> object.put("name", name)
                            .put("value", given.value())
                            .put("source", given.origin().name().toLowerCase(Locale.ROOT))
                            .put("location", given.where())
                            .put("default", initial)
                            .put("reloadable", reloads));
        }
    }
}
