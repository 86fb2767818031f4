package dev.aioscope.cli;

import dev.aioscope.cli.option.ConfigOption;
import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.config.Setting;
import dev.aioscope.config.SettingSources;
import dev.aioscope.config.SettingValue;
import dev.aioscope.config.SettingValue.Origin;
import dev.aioscope.config.SettingsException;
import dev.aioscope.config.SettingsModel;
import dev.aioscope.config.ValidationError;
import dev.aioscope.daemon.Configuration;
import dev.aioscope.http.HttpException;
import dev.aioscope.output.SettingsReport;
import dev.aioscope.telemetry.OtelVariables;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
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
        header = "Check and show the daemon's settings.",
        description =
                "Flags override variables (AIOSCOPE_SLOW_THRESHOLD=1s for --slow-threshold 1s), variables override"
                        + " the settings file, the file overrides defaults.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ConfigCommand.CheckCommand.class, ConfigCommand.ShowCommand.class},
        footer = {
            "",
            "Examples:",
            "  aioscope config check               all errors in the settings",
            "  aioscope config show --effective    every setting and its source",
            "",
            ConfigCommand.EXIT_STATUS,
        })
final class ConfigCommand implements Runnable {
    static final String EXIT_STATUS = "Exit status: 0 success, 2 invalid usage or settings.";

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "expected a command: check, show");
    }

    @Command(
            name = "check",
            header = "Check whether the daemon can use its settings.",
            description = "Reports every error in the settings file, the files that it names, and the environment.",
            footer = {"", EXIT_STATUS})
    static final class CheckCommand implements Runnable {
        @Spec
        private CommandSpec spec;

        @Parameters(
                arity = "0..1",
                paramLabel = "FILE",
                description = "Settings file (default: /etc/aioscope/aioscope.yaml, if it exists).")
        private @Nullable Path named;

        @Override
        public void run() {
            Path file = SettingSources.file(named);
            RunCommand daemon = RunCommand.SETTINGS
                    .parse(file == null ? List.of() : List.of(SettingsModel.CONFIG_FLAG + "=" + file))
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
                    .println((file == null ? SettingSources.DEFAULT_FILE + ": no such file" : file + ": valid") + ", "
                            + (set == 0 ? "all settings have their defaults" : set + " set"));
        }
    }

    @Command(
            name = "show",
            header = "Show the settings that are set, and their sources.",
            footer = {"", EXIT_STATUS})
    static final class ShowCommand implements Runnable {
        @Spec
        private CommandSpec spec;

        @Mixin
        private ConfigOption config;

        @Option(names = "--effective", description = "Include defaults.")
        private boolean effective;

        @Mixin
        private JsonOption json;

        @Override
        public void run() {
            Map<Setting, SettingValue> settings =
                    new LinkedHashMap<>(RunCommand.SETTINGS.effective(RunCommand.SETTINGS.read(config.file()), null));
            settings.values().removeIf(value -> !effective && value.origin() == Origin.DEFAULT);
            Map<String, String> variables = OtelVariables.masked(System.getenv());
            PrintWriter out = spec.commandLine().getOut();
            (json.isEnabled() ? SettingsReport.json(settings, variables) : SettingsReport.text(settings, variables))
                    .forEach(out::println);
        }
    }
}
