package dev.aioscope.cli;

import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.HttpOptions;
import dev.aioscope.cli.option.LimitOptions;
import dev.aioscope.cli.option.RecorderOptions;
import dev.aioscope.cli.option.StackOptions;
import dev.aioscope.cli.option.StuckOptions;
import dev.aioscope.config.BooleanConverter;
import dev.aioscope.config.Configurable;
import dev.aioscope.config.DurationConverter;
import dev.aioscope.config.PositiveDurationConverter;
import dev.aioscope.config.RatioConverter;
import dev.aioscope.config.SettingValue;
import dev.aioscope.config.SettingsException;
import dev.aioscope.config.SettingsModel;
import dev.aioscope.config.ValidationError;
import dev.aioscope.daemon.Configuration;
import dev.aioscope.daemon.Daemon;
import dev.aioscope.daemon.DaemonOptions;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.TeardownSpans;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Starts the daemon. */
@Command(
        name = "run",
        header = "Run the daemon: metrics over HTTP, traces over OTLP.",
        description = "Exports a trace of each teardown that was slow, failed, had requests outstanding, violated a"
                + " clause of the specification, or could not be followed to its end, and of a sample of the others."
                + " Standard OTEL_ variables configure the export of traces and logs, and metric push.",
        footer = {
            "",
            "Examples:",
            "  export OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318",
            "  aioscope run                                      traces and logs over HTTP",
            "  OTEL_EXPORTER_OTLP_PROTOCOL=grpc aioscope run     over gRPC (port 4317)",
            "  OTEL_METRICS_EXPORTER=otlp aioscope run           push metrics too",
            "",
            "Exit status: 1 failure at run time, 2 invalid usage, settings or OTEL_ variable,",
            "3 not possible on this host. 0 after SIGTERM and 130 after SIGINT, with probes",
            "detached and traces exported.",
        })
public final class RunCommand implements Runnable, SettingsModel.Configured {
    /** The settings are options of this command. */
    static final SettingsModel SETTINGS = new SettingsModel(() -> CommandTree.of(new RunCommand()));

    @Spec
    private CommandSpec spec;

    @Configurable(reloads = true)
    @Option(
            names = "--slow-threshold",
            paramLabel = "TIME",
            defaultValue = "100ms",
            converter = DurationConverter.class,
            description = "Always export teardowns of at least TIME (default: ${DEFAULT-VALUE}).")
    private Duration slowThreshold = TeardownSpans.SLOW;

    @Configurable(reloads = true)
    @Option(
            names = "--sampling-ratio",
            paramLabel = "RATIO",
            defaultValue = "0.01",
            converter = RatioConverter.class,
            description = {
                "Export this ratio of other teardowns (default: ${DEFAULT-VALUE}).",
                "RATIO is from 0 to 1. Other teardowns are those without a finding."
            })
    private double samplingRatio = 0.01;

    @Configurable
    @Option(
            names = "--allow-syscall-tier",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            converter = BooleanConverter.class,
            description = {
                "Allow the tier syscall if full is unavailable.",
                "While attached, it slows every system call of every process (143 -> 218 ns, measured on 2 cores)."
            })
    private boolean allowSyscallTier;

    @Configurable(reloads = true)
    @Option(
            names = "--scan-interval",
            paramLabel = "TIME",
            defaultValue = "5s",
            converter = PositiveDurationConverter.class,
            description = {
                "Scan all tasks at this interval (default: ${DEFAULT-VALUE}).",
                "The pause after a scan is four times its length, up to 30 s."
            })
    private Duration scanInterval = Duration.ofSeconds(5);

    @Mixin
    private StuckOptions stuck;

    @Mixin
    private HideArgumentsOption hidden;

    @Configurable
    @Option(
            names = "--export-arguments",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            converter = BooleanConverter.class,
            description = "Export arguments in traces and logs; they may contain secrets.")
    private boolean exportArguments;

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
                new SamplingPolicy(slowThreshold, samplingRatio),
                scanInterval,
                stuck.after(),
                stuck.lateCompletionPause(),
                allowSyscallTier,
                hidden.isHidden(),
                exportArguments,
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
}
