package dev.aioscope.cli;

import dev.aioscope.cli.option.BooleanConverter;
import dev.aioscope.cli.option.Configurable;
import dev.aioscope.cli.option.DurationConverter;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.HttpOptions;
import dev.aioscope.cli.option.LimitOptions;
import dev.aioscope.cli.option.PositiveDurationConverter;
import dev.aioscope.cli.option.RecorderOptions;
import dev.aioscope.cli.option.SettingsModel;
import dev.aioscope.cli.option.StackOptions;
import dev.aioscope.cli.option.StuckOptions;
import dev.aioscope.config.SettingValue;
import dev.aioscope.config.SettingsException;
import dev.aioscope.config.ValidationError;
import dev.aioscope.daemon.Configuration;
import dev.aioscope.daemon.Daemon;
import dev.aioscope.daemon.DaemonOptions;
import dev.aioscope.telemetry.TeardownSpans;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Starts the daemon. */
@Command(
        name = "run",
        header = "Runs the agent in the foreground: metrics by HTTP, teardowns as OpenTelemetry traces.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nWhere traces and pushed metrics go is set by the standard variables of OpenTelemetry:%n",
        footer = {
            "  OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 aioscope run",
            "  OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc aioscope run",
            "  OTEL_METRICS_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 aioscope run",
            "",
            "A teardown becomes a trace if it was slow, failed, had requests outstanding, broke a clause of the"
                    + " specification or could not be followed to its end; of the others a share does.",
            "",
            "Exit status: 1 failed while running, 2 wrong usage or a wrong OTEL_ variable, 3 not possible on this"
                    + " host; 143 after SIGTERM and 130 after Ctrl-C, both with the probes gone and the traces sent.",
        })
public final class RunCommand implements Runnable, SettingsModel.Configured {
    /** The settings are options of this command. */
    static final SettingsModel SETTINGS = new SettingsModel(() -> Main.line(new RunCommand()));

    @Spec
    private CommandSpec spec;

    @Configurable(reloads = true)
    @Option(
            names = "--slow-threshold",
            paramLabel = "TIME",
            defaultValue = "100ms",
            converter = DurationConverter.class,
            description = "A caller held at least that long is always reported (default: ${DEFAULT-VALUE}).")
    private Duration slowThreshold = TeardownSpans.SLOW;

    @Configurable(reloads = true)
    @Option(
            names = "--sampling-ratio",
            paramLabel = "RATIO",
            defaultValue = "0.01",
            converter = RatioConverter.class,
            description = "The share, 0 to 1, of teardowns without a finding that are reported"
                    + " (default: ${DEFAULT-VALUE}).")
    private double samplingRatio = 0.01;

    @Configurable
    @Option(
            names = "--allow-syscall-tier",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            converter = BooleanConverter.class,
            description = "Where full is not to be had, take the tier syscall rather than sample: while it is on, every"
                    + " system call of every process is slower (143 -> 218 ns, measured on 2 cores).")
    private boolean allowSyscallTier;

    @Configurable(reloads = true)
    @Option(
            names = "--scan-interval",
            paramLabel = "TIME",
            defaultValue = "5s",
            converter = PositiveDurationConverter.class,
            description =
                    "Between two looks at the host's tasks (default: ${DEFAULT-VALUE}); a look takes a fifth of the"
                            + " time at most.")
    private Duration scanInterval = Duration.ofSeconds(5);

    @Mixin
    private StuckOptions stuck;

    @Mixin
    private HideArgumentsOption hidden;

    @Mixin
    private HttpOptions http;

    @Mixin
    private RecorderOptions recorder;

    @Mixin
    private FilterOptions filter;

    @Mixin
    private StackOptions probes;

    @Mixin
    private LimitOptions limits;

    private Map<String, SettingValue> configured = Map.of();

    @Override
    public void configure(Map<String, SettingValue> values) {
        configured = values;
    }

    @Override
    public void run() {
        List<String> flags = flags();
        new Daemon(probes.probes(), configuration(), () -> reread(flags)).run();
    }

    private List<String> flags() {
        List<String> all = spec.commandLine().getParseResult().originalArgs();
        return all.isEmpty() || !all.get(0).equals("run") ? all : all.subList(1, all.size());
    }

    /**
     * The parsed options and the source of each setting.
     *
     * @throws dev.aioscope.http.HttpException if a file that the settings name is not usable
     */
    Configuration configuration() {
        return new Configuration(
                options(), SETTINGS.effective(configured, spec.commandLine().getParseResult()));
    }

    private DaemonOptions options() {
        return new DaemonOptions(
                new TeardownSpans.Reported(slowThreshold, samplingRatio),
                scanInterval,
                stuck.after(),
                stuck.lateCompletionPause(),
                allowSyscallTier,
                hidden.isHidden(),
                probes.isOn(),
                filter.filter(),
                http.settings(),
                http.holderSeries(),
                recorder.settings(),
                limits.capacity());
    }

    private static Configuration reread(List<String> flags) {
        try {
            rejectPipe(SETTINGS.file(flags));
            RunCommand fresh = SETTINGS.parse(flags).getCommand();
            return fresh.configuration();
        } catch (ParameterException e) {
            throw new SettingsException(
                    List.of(new ValidationError("run", String.valueOf(e.getMessage()), "correct the setting")));
        }
    }

    /** A pipe is empty after the start has read it. */
    private static void rejectPipe(@Nullable Path file) {
        if (file != null && Files.exists(file) && !Files.isRegularFile(file)) {
            throw new SettingsException(List.of(new ValidationError(
                    file.toString(), "cannot read it twice", "restart aioscope, or use a regular file")));
        }
    }

    static final class RatioConverter implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            try {
                double ratio = Double.parseDouble(text);
                if (ratio >= 0 && ratio <= 1) {
                    return ratio;
                }
            } catch (NumberFormatException e) {
                // The exception below covers this case.
            }
            throw new TypeConversionException("expected a ratio from 0 to 1, got '" + text + "'");
        }
    }
}
