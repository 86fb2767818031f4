package dev.aioscope.dashboards;

import java.util.LinkedHashMap;
import java.util.Map;

/** Makes JSON objects with their members in the order of the code. */
final class Json {
    private Json() {}

    static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return object;
    }

    /** The data source that the dashboard's variable selects. */
    static Map<String, Object> prometheus() {
        return object("type", "prometheus", "uid", "${datasource}");
    }
}
