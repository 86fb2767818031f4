package dev.aioscope.cli.option;

import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.HandleUse;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
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

    /** Hands on what passes. */
    public LifecycleListener before(LifecycleListener listener) {
        return pids.isEmpty() && comms.isEmpty() && cgroups.isEmpty() ? listener : before(this::passes, listener);
    }

    /** Hands on what comes from those that are wanted. */
    public static LifecycleListener before(Predicate<@Nullable Task> wanted, LifecycleListener listener) {
        return new LifecycleListener() {
            @Override
            public void onSetup(Context context) {
                if (wanted.test(context.owner())) {
                    listener.onSetup(context);
                }
            }

            @Override
            public void onFound(Context context) {
                if (wanted.test(context.owner())) {
                    listener.onFound(context);
                }
            }

            @Override
            public void onTeardown(Teardown teardown) {
                if (wanted.test(teardown.context().owner()) || wanted.test(teardown.caller())) {
                    listener.onTeardown(teardown);
                }
            }

            @Override
            public void onStuck(TeardownInProgress teardown, long now) {
                if (wanted.test(teardown.known().context().owner())
                        || wanted.test(teardown.known().caller())) {
                    listener.onStuck(teardown, now);
                }
            }

            @Override
            public void onStraggler(Straggler straggler) {
                Teardown teardown = straggler.teardown().known();
                if (wanted.test(teardown.context().owner()) || wanted.test(teardown.caller())) {
                    listener.onStraggler(straggler);
                }
            }

            @Override
            public void onFailedCall(FailedCall call) {
                if (wanted.test(call.caller())) {
                    listener.onFailedCall(call);
                }
            }

            @Override
            public void onRetry(FailedCall call) {
                if (wanted.test(call.caller())) {
                    listener.onRetry(call);
                }
            }

            @Override
            public void onHandleUse(HandleUse use) {
                if (wanted.test(use.caller())) {
                    listener.onHandleUse(use);
                }
            }

            @Override
            public void onRefusalOutcome(RefusalOutcome outcome) {
                if (wanted.test(outcome.refusal().caller())) {
                    listener.onRefusalOutcome(outcome);
                }
            }
        };
    }

    /** Whether this is one of those that are wanted. */
    public boolean passes(@Nullable Task task) {
        return task != null
                && (pids.isEmpty() || pids.contains(task.pid()))
                && (comms.isEmpty() || comms.contains(task.comm()))
                && (cgroups.isEmpty() || cgroups.contains(task.cgroup()));
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
