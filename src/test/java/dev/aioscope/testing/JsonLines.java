package dev.aioscope.testing;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The JSON objects that aioscope prints, one per line. */
public final class JsonLines {
    private JsonLines() {}

    /** Parses the lines that are complete JSON objects and skips all others, also a last line that is still incomplete. */
    public static List<JsonNode> parse(String output) {
        return output.lines()
                .filter(line -> line.startsWith("{") && line.endsWith("}"))
                .map(JsonMapper.shared()::readTree)
                .toList();
    }

    /** The objects of a type. */
    public static List<JsonNode> ofType(List<JsonNode> objects, String type) {
        return objects.stream()
                .filter(object -> object.path("type").asString().equals(type))
                .toList();
    }
}
