package dev.aioscope.output;

import dev.aioscope.config.Setting;
import dev.aioscope.config.SettingValue;
import dev.aioscope.config.SettingValue.Origin;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The settings with their sources, and the OTEL_ variables. */
public final class SettingsReport {
    private SettingsReport() {}

    /** One line for each setting and each variable. */
    public static List<String> text(Map<Setting, SettingValue> settings, Map<String, String> variables) {
        Table table = new Table(0, "SETTING", "VALUE", "FROM");
        settings.forEach((setting, value) -> table.row(setting.name(), value.value(), value.where()));
        variables.forEach((name, value) -> table.row(name, value, "environment"));
        return table.lines(Screen.FILE);
    }

    /** One object for each setting and each variable. */
    public static List<String> json(Map<Setting, SettingValue> settings, Map<String, String> variables) {
        List<String> lines = new ArrayList<>();
        settings.forEach(
                (setting, value) -> lines.add(json(setting.name(), value, setting.initial(), setting.reloads())));
        variables.forEach(
                (name, value) -> lines.add(json(name, new SettingValue(value, Origin.ENVIRONMENT, name), null, false)));
        return lines;
    }

    private static String json(String name, SettingValue value, @Nullable String initial, boolean reloads) {
        return Json.line(
                "setting",
                object -> object.put("name", name)
                        .put("value", value.value())
                        .put("source", value.origin().name().toLowerCase(Locale.ROOT))
                        .put("location", value.where())
                        .put("default", initial)
                        .put("reloadable", reloads));
    }
}
