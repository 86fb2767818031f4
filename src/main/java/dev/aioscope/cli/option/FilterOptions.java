package dev.aioscope.cli.option;

import dev.aioscope.agent.TaskFilter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * The options that say whose contexts to look at. Several values of one option mean any of them, several options all of
 * them. A context passes if its owner or the caller that ends it does.
 */
public final class FilterOptions {
    private static final int COMM_BYTES = 15;

    @Configurable(reloads = true)
    @Option(
            names = "--pid",
            paramLabel = "PID",
            split = ",",
            converter = PidReader.class,
            description = "Only this process; several with commas.")
    private List<Integer> pids = List.of();

    @Configurable(reloads = true)
    @Option(
            names = "--comm",
            paramLabel = "NAME",
            split = ",",
            converter = CommReader.class,
            description = "Only threads of this name, as in /proc/PID/comm; several with commas.")
    private List<String> comms = List.of();

    @Configurable(reloads = true)
    @Option(
            names = "--cgroup",
            paramLabel = "CGROUP",
            split = ",",
            converter = CgroupReader.class,
            description = "Only this cgroup v2, not those below it: a path under /sys/fs/cgroup, or its number.")
    private List<Long> cgroups = List.of();

    /** The filter that the options describe. */
    public TaskFilter filter() {
        return new TaskFilter(pids, comms, cgroups);
    }

    public static final class PidReader implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            try {
                int pid = Integer.parseInt(text);
                if (pid > 0) {
                    return pid;
                }
            } catch (NumberFormatException e) {
                // Told below.
            }
            throw new TypeConversionException("'" + text + "' is not the number of a process");
        }
    }

    /** Cuts the name as the kernel does. */
    static final class CommReader implements ITypeConverter<String> {
        @Override
        public String convert(String text) {
            if (text.isEmpty()) {
                throw new TypeConversionException("a name is missing");
            }
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return new String(bytes, 0, Math.min(bytes.length, COMM_BYTES), StandardCharsets.UTF_8);
        }
    }

    /** The number of a cgroup is that of its folder's inode. */
    static final class CgroupReader implements ITypeConverter<Long> {
        private static final Path ROOT = Path.of("/sys/fs/cgroup");

        @Override
        public Long convert(String text) {
            if (text.matches("\\d{1,18}")) {
                return Long.parseLong(text);
            }
            Path path = Path.of(text);
            Path folder = path.startsWith(ROOT) ? path : ROOT.resolve(path.isAbsolute() ? text.substring(1) : text);
            try {
                if (Files.isRegularFile(folder.resolve("cgroup.procs"))) {
                    return (Long) Files.getAttribute(folder, "unix:ino");
                }
            } catch (IOException | UnsupportedOperationException e) {
                // Told below.
            }
            throw new TypeConversionException("'" + text + "' is neither a cgroup under " + ROOT + " nor its number");
        }
    }
}
