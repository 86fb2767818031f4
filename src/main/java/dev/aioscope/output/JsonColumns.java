package dev.aioscope.output;

import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * JSON objects as columns, which take a fraction of the size of lines: each name once, and a value that all objects share
 * once.
 *
 * <pre>
 *   {"teardown": {"rows": 2, "columns": {"schema": {"all": 2}, "pid": {"each": [7, 8]}}}}
 * </pre>
 */
public final class JsonColumns {
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final String ABSENT = "null";

    /** The values of one name, as JSON. */
    private static final class Column {
        private final String first;
        /** Null while all values are the same. */
        private @Nullable StringBuilder each;

        private int count;

        /** A name that the rows before lack. */
        Column(int before, String value) {
            first = before == 0 ? value : ABSENT;
            count = Math.max(1, before);
            if (before > 0) {
                add(value);
            }
        }

        void add(String value) {
            if (each == null && !value.equals(first)) {
                each = new StringBuilder(first).append(("," + first).repeat(count - 1));
            }
            if (each != null) {
                each.append(',').append(value);
            }
            count++;
        }

        String json(int rows) {
            while (count < rows) {
                add(ABSENT);
            }
            return each == null ? "{\"all\":" + first + "}" : "{\"each\":[" + each + "]}";
        }
    }

    /** The objects of one type. */
    private static final class ColumnTable {
        private final Map<String, Column> columns = new LinkedHashMap<>();
        private int rows;

        void add(Map<String, String> values) {
            values.forEach((name, value) -> {
                Column column = columns.get(name);
                if (column == null) {
                    columns.put(name, new Column(rows, value));
                } else {
                    column.add(value);
                }
            });
            rows++;
        }

        String json() {
            StringBuilder json = new StringBuilder("{\"rows\":" + rows + ",\"columns\":{");
            String comma = "";
            for (Map.Entry<String, Column> column : columns.entrySet()) {
                json.append(comma)
                        .append(quoted(column.getKey()))
                        .append(':')
                        .append(column.getValue().json(rows));
                comma = ",";
            }
            return json.append("}}").toString();
        }
    }

    private JsonColumns() {}

    /** One object with a table for each type of these lines. */
    public static String of(Stream<String> lines) {
        Map<String, ColumnTable> tables = new LinkedHashMap<>();
        lines.forEach(line -> {
            Map<String, String> values = values(line);
            tables.computeIfAbsent(values.getOrDefault("type", "\"\""), type -> new ColumnTable())
                    .add(values);
        });
        StringBuilder json = new StringBuilder("{");
        tables.forEach((type, table) -> json.append(json.length() == 1 ? "" : ",")
                .append(type)
                .append(':')
                .append(table.json()));
        return json.append('}').toString();
    }

    /** The JSON of each value, by its name. */
    private static Map<String, String> values(String line) {
        Map<String, String> values = new LinkedHashMap<>();
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), line)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                JsonToken token = parser.nextToken();
                values.put(name, token.isNumeric() || token.isBoolean() ? parser.getString() : copy(parser, token));
            }
        }
        return values;
    }

    private static String copy(JsonParser parser, JsonToken token) {
        if (token == JsonToken.VALUE_NULL) {
            return ABSENT;
        }
        StringWriter json = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), json)) {
            generator.copyCurrentStructure(parser);
        }
        return json.toString();
    }

    private static String quoted(String text) {
        StringWriter json = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), json)) {
            generator.writeString(text);
        }
        return json.toString();
    }
}
