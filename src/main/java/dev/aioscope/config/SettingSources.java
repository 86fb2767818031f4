package dev.aioscope.config;

import dev.aioscope.config.SettingValue.Origin;
import dev.aioscope.config.SettingsFile.Line;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads settings from the settings file and from environment variables, which override the file. */
public final class SettingSources {
    /** The file to read if none is named and this one exists. */
    public static final Path DEFAULT_FILE = Path.of("/etc/aioscope/aioscope.yaml");

    private final Map<String, Setting> known = new LinkedHashMap<>();
    private final UnaryOperator<String> similar;
    private final List<ValidationError> errors = new ArrayList<>();
    private final Map<String, SettingValue> values = new LinkedHashMap<>();

    private SettingSources(List<Setting> known, UnaryOperator<String> similar) {
        known.forEach(setting -> this.known.put(setting.name(), setting));
        this.similar = similar;
    }

    /**
     * Whether these sources can set anything. If not, callers can skip building the list of known settings, which is
     * slow.
     *
     * @param file null for none
     * @param environment variables
     */
    public static boolean mayContainSettings(@Nullable Path file, Map<String, String> environment) {
        return (file != null && !SettingsFile.isAllComment(file))
                || environment.keySet().stream().anyMatch(name -> name.startsWith(Setting.PREFIX));
    }

    /** The file to read: the named one, or the default if it exists, or null. */
    public static @Nullable Path file(@Nullable Path named) {
        return named != null ? named : Files.exists(DEFAULT_FILE) ? DEFAULT_FILE : null;
    }

    /**
     * Reads and validates all settings.
     *
     * @param known all settings
     * @param similar suggests a setting for an unknown name; an empty string if there is none
     * @param file null for none
     * @param environment variables
     * @return values by the name of the setting
     * @throws SettingsException with every error
     */
    public static Map<String, SettingValue> read(
            List<Setting> known, UnaryOperator<String> similar, @Nullable Path file, Map<String, String> environment) {
        SettingSources sources = new SettingSources(known, similar);
        if (file != null) {
            sources.take(SettingsFile.read(file));
        }
        sources.take(environment);
        if (!sources.errors.isEmpty()) {
            throw new SettingsException(sources.errors);
        }
        return sources.values;
    }

    private void take(SettingsFile file) {
        errors.addAll(file.errors());
        for (Line line : file.lines()) {
            Setting setting = known.get(line.name());
            String where = file.where(line.number());
            if (setting == null) {
                errors.add(new ValidationError(where, line.name() + ": unknown setting", hint(line.name())));
            } else if (line.isList() && !setting.isList()) {
                errors.add(new ValidationError(
                        where, line.name() + ": expected one value, got a list", "write " + line.name() + ": value"));
            } else if (line.value() != null) {
                take(setting, new SettingValue(line.value(), Origin.FILE, where));
            }
        }
    }

    private String hint(String name) {
        if (name.toLowerCase(Locale.ROOT).startsWith("otel")) {
            return "set the OTEL_ variables of OpenTelemetry in the environment";
        }
        String plain = name.toLowerCase(Locale.ROOT).replace('_', '-');
        if (known.containsKey(plain)) {
            return "write " + plain;
        }
        String meant = known.keySet().stream()
                .filter(setting -> setting.startsWith(plain))
                .findFirst()
                .orElseGet(() -> similar.apply(plain));
        return meant.isEmpty() ? "aioscope config show --effective lists all settings" : "did you mean " + meant + "?";
    }

    private void take(Map<String, String> environment) {
        for (Setting setting : known.values()) {
            String value = environment.get(setting.variable());
            if (value != null && !value.isEmpty()) {
                take(setting, new SettingValue(value, Origin.ENVIRONMENT, setting.variable()));
            }
        }
    }

    private void take(Setting setting, SettingValue value) {
        setting.check()
                .apply(String.valueOf(value.value()))
                .ifPresent(reason ->
                        errors.add(new ValidationError(value.where(), setting.name() + ": " + reason, hint(setting))));
        values.put(setting.name(), value);
    }

    private static String hint(Setting setting) {
        return setting.initial() == null
                ? "correct or remove it"
                : "correct it, or remove it to use the default " + setting.initial();
    }
}
