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

/** The places where settings stand, flags aside: the file, and the variables of the environment, which win. */
public final class SettingSources {
    /** Taken if it is there and no other one is named. */
    public static final Path DEFAULT_FILE = Path.of("/etc/aioscope/aioscope.yaml");

    private final Map<String, Setting> known = new LinkedHashMap<>();
    private final UnaryOperator<String> similar;
    private final List<ValidationError> mistakes = new ArrayList<>();
    private final Map<String, SettingValue> given = new LinkedHashMap<>();

    private SettingSources(List<Setting> known, UnaryOperator<String> similar) {
        known.forEach(setting -> this.known.put(setting.name(), setting));
        this.similar = similar;
    }

    /**
     * Whether anything can be set there: else nobody needs to know which settings there are, which takes a while.
     *
     * @param file null for none
     * @param environment variables
     */
    public static boolean sayAnything(@Nullable Path file, Map<String, String> environment) {
        return (file != null && !SettingsFile.isAllComment(file))
                || environment.keySet().stream().anyMatch(name -> name.startsWith(Setting.PREFIX));
    }

    /** The file to read: the one that is named, or the default one if it is there. */
    public static @Nullable Path file(@Nullable Path named) {
        return named != null ? named : Files.exists(DEFAULT_FILE) ? DEFAULT_FILE : null;
    }

    /**
     * What is set there, by the name of the setting. All of it is checked, whoever uses it.
     *
     * @param known all settings that there are
     * @param similar the name of a setting that is like this one; empty if there is none
     * @param file null for none
     * @param environment variables
     * @throws SettingsException with all mistakes
     */
    public static Map<String, SettingValue> read(
            List<Setting> known, UnaryOperator<String> similar, @Nullable Path file, Map<String, String> environment) {
        SettingSources sources = new SettingSources(known, similar);
        if (file != null) {
            sources.take(SettingsFile.read(file));
        }
        sources.take(environment);
        if (!sources.mistakes.isEmpty()) {
            throw new SettingsException(sources.mistakes);
        }
        return sources.given;
    }

    private void take(SettingsFile file) {
        mistakes.addAll(file.mistakes());
        for (Line line : file.lines()) {
            Setting setting = known.get(line.name());
            String where = file.where(line.number());
            if (setting == null) {
                mistakes.add(new ValidationError(where, line.name() + ": there is no such setting", hint(line.name())));
            } else if (line.isList() && !setting.isList()) {
                mistakes.add(new ValidationError(
                        where, line.name() + ": takes one value", "write " + line.name() + ": value"));
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
        return meant.isEmpty() ? "aioscope config show --effective lists all" : "did you mean " + meant + "?";
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
                .ifPresent(wrong ->
                        mistakes.add(new ValidationError(value.where(), setting.name() + ": " + wrong, hint(setting))));
        given.put(setting.name(), value);
    }

    private static String hint(Setting setting) {
        return setting.initial() == null
                ? "correct or remove it"
                : "correct it, or remove it for the default " + setting.initial();
    }
}
