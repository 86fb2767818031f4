package dev.aioscope.cli.option;

import dev.aioscope.agent.TaskFilter;
import dev.aioscope.config.CgroupConverter;
import dev.aioscope.config.Configurable;
import dev.aioscope.config.PidConverter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that select tasks. */
public final class FilterOptions {
    private static final int COMM_BYTES = 15;

    @Configurable(reloads = true)
    @Option(
            names = "--pid",
            paramLabel = "PID",
            split = ",",
            converter = PidConverter.class,
            description = "Include only these processes (comma-separated).")
    private List<Integer> pids = List.of();

    @Configurable(reloads = true)
    @Option(
            names = "--comm",
            paramLabel = "NAME",
            split = ",",
            converter = CommConverter.class,
            description = {
                "Include only processes with these names (comma-separated).",
                "A process has the name of its main thread, as ps shows it, also for calls of threads with other names."
                        + " Events of a process whose name is unknown are counted, not shown."
            })
    private List<String> comms = List.of();

    @Configurable(reloads = true)
    @Option(
            names = "--exe",
            paramLabel = "NAME",
            split = ",",
            description = {
                "Include only programs with these file names (comma-separated).",
                "A name with a slash is the whole path of the executable; of a script it is the interpreter."
                        + " Events of a process whose executable is unknown are counted, not shown."
            })
    private List<String> executables = List.of();

    @Configurable(reloads = true)
    @Option(
            names = "--cgroup",
            paramLabel = "CGROUP",
            split = ",",
            converter = CgroupConverter.class,
            description = {
                "Include only these cgroups, without children.",
                "A path below /sys/fs/cgroup (v2), or a cgroup ID (comma-separated)."
            })
    private List<Long> cgroups = List.of();

    /** The filter that the options describe. */
    public TaskFilter filter() {
        return new TaskFilter(pids, comms, cgroups, executables);
    }

    /** Truncates the name as the kernel does. */
    static final class CommConverter implements ITypeConverter<String> {
        @Override
        public String convert(String text) {
            if (text.isEmpty()) {
                throw new TypeConversionException("expected a thread name, got an empty string");
            }
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return new String(bytes, 0, Math.min(bytes.length, COMM_BYTES), StandardCharsets.UTF_8);
        }
    }
}
