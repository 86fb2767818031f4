package dev.aioscope.output;

import java.io.StringWriter;
import java.math.BigInteger;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes one-line JSON objects that start with {@code schema} and {@code type}; {@code agent/json.md} documents them. */
public final class Json {
    /** Increases when a name is removed or redefined, not when one is added. */
    public static final int SCHEMA = 2;

    private static final JsonFactory FACTORY = new JsonFactory();

    private final JsonGenerator generator;

    private Json(JsonGenerator generator) {
        this.generator = generator;
    }

    /** One object, without a line separator. */
    public static String line(String type, Consumer<Json> body) {
        StringWriter line = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), line)) {
            generator.writeStartObject();
            Json json = new Json(generator);
            body.accept(json.put("schema", SCHEMA).put("type", type));
            generator.writeEndObject();
        }
        return line.toString();
    }

    public Json put(String name, @Nullable String value) {
        generator.writeName(name);
        if (value == null) {
            generator.writeNull();
        } else {
            generator.writeString(value);
        }
        return this;
    }

    public Json put(String name, @Nullable Number value) {
        generator.writeName(name);
        if (value == null) {
            generator.writeNull();
        } else if (value instanceof BigInteger large) {
            generator.writeNumber(large);
        } else {
            generator.writeNumber(value.longValue());
        }
        return this;
    }

    public Json put(String name, @Nullable Boolean value) {
        generator.writeName(name);
        if (value == null) {
            generator.writeNull();
        } else {
            generator.writeBoolean(value);
        }
        return this;
    }

    /** Writes an array of strings. */
    public Json strings(String name, List<String> values) {
        generator.writeName(name);
        generator.writeStartArray();
        values.forEach(generator::writeString);
        generator.writeEndArray();
        return this;
    }

    /** Writes a nested object. */
    public Json object(String name, Consumer<Json> body) {
        generator.writeName(name);
        generator.writeStartObject();
        body.accept(this);
        generator.writeEndObject();
        return this;
    }

    /** Writes an array of objects. */
    public <T> Json array(String name, List<T> values, BiConsumer<Json, T> body) {
        generator.writeName(name);
        generator.writeStartArray();
        for (T value : values) {
            generator.writeStartObject();
            body.accept(this, value);
            generator.writeEndObject();
        }
        generator.writeEndArray();
        return this;
    }
}
