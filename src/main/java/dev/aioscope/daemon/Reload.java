package dev.aioscope.daemon;

import dev.aioscope.config.Setting;
import dev.aioscope.config.SettingValue;
import dev.aioscope.config.SettingsException;
import dev.aioscope.http.HttpException;
import dev.aioscope.kernel.ServiceManager;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the settings again while the daemon runs and applies all changes or none. */
final class Reload {
    private static final Logger LOG = LoggerFactory.getLogger("aioscope");

    private final ServiceManager manager;
    private final Supplier<Configuration> reader;
    private final Consumer<DaemonOptions> apply;
    /** By the name of the setting. */
    private final Map<String, SettingValue> inForce = new HashMap<>();

    /**
     * Prepares to reload.
     *
     * @param running the configuration in force
     * @param reader reads the configuration again; throws {@link SettingsException} or {@link HttpException}
     * @param apply changes what a reload can change; throws {@link HttpException} before it changes anything
     */
    Reload(
            Configuration running,
            ServiceManager manager,
            Supplier<Configuration> reader,
            Consumer<DaemonOptions> apply) {
        this.manager = manager;
        this.reader = reader;
        this.apply = apply;
        running.settings().forEach((setting, value) -> inForce.put(setting.name(), value));
    }

    /** Reloads the settings. Any thread may call it. */
    synchronized void run() {
        manager.reloading();
        try {
            Configuration wanted = reader.get();
            apply.accept(wanted.options());
            report(wanted.settings());
        } catch (SettingsException e) {
            e.errors().forEach(error -> LOG.error("{}", error));
            LOG.error("Settings are unchanged");
        } catch (HttpException e) {
            LOG.error("Settings are unchanged: {}", e.getMessage());
        } finally {
            manager.ready();
        }
    }

    private void report(Map<Setting, SettingValue> wanted) {
        List<String> changed = new ArrayList<>();
        wanted.forEach((setting, value) -> report(setting, value, changed));
        LOG.info("Settings reloaded: {}", changed.isEmpty() ? "no changes" : String.join(", ", changed));
    }

    private void report(Setting setting, SettingValue wanted, List<String> changed) {
        String before = Objects.requireNonNull(inForce.get(setting.name())).value();
        if (Objects.equals(before, wanted.value())) {
            return;
        }
        if (setting.reloads()) {
            changed.add(setting.name() + " " + show(before) + " -> " + show(wanted.value()));
            inForce.put(setting.name(), wanted);
        } else {
            LOG.warn(
                    "{}: cannot change {} from {} to {} while aioscope runs (hint: restart aioscope)",
                    wanted.where(),
                    setting.name(),
                    show(before),
                    show(wanted.value()));
        }
    }

    private static String show(@Nullable String value) {
        return value == null || value.isEmpty() ? "unset" : value;
    }
}
