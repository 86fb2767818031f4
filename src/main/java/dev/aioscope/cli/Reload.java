package dev.aioscope.cli;

import dev.aioscope.config.Setting;
import dev.aioscope.config.SettingValue;
import dev.aioscope.config.SettingsException;
import dev.aioscope.config.ValidationError;
import dev.aioscope.http.HttpException;
import dev.aioscope.kernel.ServiceManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ParameterException;

/** Takes over what has changed in the settings file while the daemon runs; all of it or nothing. */
public final class Reload {
    private static final Logger LOG = LoggerFactory.getLogger("aioscope");

    private final ServiceManager manager;
    private final Consumer<RunCommand> change;
    private final List<String> flags;
    /** By the name of the setting. */
    private final Map<String, SettingValue> inForce = new HashMap<>();

    /**
     * Stands by.
     *
     * @param running as it was started
     * @param change makes the daemon do as this command says, as far as it can change while it runs
     */
    public Reload(RunCommand running, ServiceManager manager, Consumer<RunCommand> change) {
        this.manager = manager;
        this.change = change;
        this.flags = running.flags();
        running.effective().forEach((setting, given) -> inForce.put(setting.name(), given));
    }

    /** Reads the settings anew; from any thread. */
    synchronized void run() {
        manager.reloading();
        try {
            refuseWhatIsEmptyNow(DaemonSettings.file(flags));
            RunCommand fresh = DaemonSettings.daemon(flags);
            change.accept(fresh);
            tell(fresh.effective());
        } catch (SettingsException e) {
            e.mistakes().forEach(mistake -> LOG.error("{}", mistake));
            LOG.error("The settings stay as they were");
        } catch (HttpException | ParameterException e) {
            LOG.error("The settings stay as they were: {}", e.getMessage());
        } finally {
            manager.ready();
        }
    }

    /** As a pipe is: the start has read it. */
    private static void refuseWhatIsEmptyNow(@Nullable Path file) {
        if (file != null && Files.exists(file) && !Files.isRegularFile(file)) {
            throw new SettingsException(List.of(new ValidationError(
                    file.toString(), "it can be read once only", "start aioscope anew, or with a file")));
        }
    }

    private void tell(Map<Setting, SettingValue> wanted) {
        List<String> changed = new ArrayList<>();
        wanted.forEach((setting, given) -> {
            String before = Objects.requireNonNull(inForce.get(setting.name())).value();
            if (Objects.equals(before, given.value())) {
                return;
            }
            if (setting.reloads()) {
                changed.add(setting.name() + " " + show(before) + " -> " + show(given.value()));
                inForce.put(setting.name(), given);
            } else {
                LOG.warn(
                        "{}: {} stays {}: it cannot become {} while aioscope runs (hint: start it anew)",
                        given.where(),
                        setting.name(),
                        show(before),
                        show(given.value()));
            }
        });
        LOG.info("Settings read anew: {}", changed.isEmpty() ? "nothing has changed" : String.join(", ", changed));
    }

    private static String show(@Nullable String value) {
        return value == null || value.isEmpty() ? "unset" : value;
    }
}
