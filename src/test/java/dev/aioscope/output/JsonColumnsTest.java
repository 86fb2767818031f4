package dev.aioscope.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class JsonColumnsTest {
    @Test
    void writesSharedValueOnceAndOthersInOrder() {
        assertThat(JsonColumns.of(Stream.of(
                        "{\"type\":\"a\",\"x\":1,\"y\":\"\\u0000\\\"<\"}", "{\"type\":\"a\",\"x\":1,\"y\":null}")))
                .isEqualTo("{\"a\":{\"rows\":2,\"columns\":{\"type\":{\"all\":\"a\"},\"x\":{\"all\":1},"
                        + "\"y\":{\"each\":[\"\\u0000\\\"<\",null]}}}}");
    }

    @Test
    void fillsNamesThatSomeObjectsLackWithNull() {
        assertThat(JsonColumns.of(Stream.of("{\"type\":\"a\",\"x\":[1,{\"y\":2}]}", "{\"type\":\"a\",\"z\":true}")))
                .contains("\"x\":{\"each\":[[1,{\"y\":2}],null]}", "\"z\":{\"each\":[null,true]}");
    }

    @Test
    void writesTableForEachType() {
        assertThat(JsonColumns.of(Stream.of("{\"type\":\"a\"}", "{\"type\":\"b\"}")))
                .contains("\"a\":{\"rows\":1", "\"b\":{\"rows\":1");
        assertThat(JsonColumns.of(Stream.of())).isEqualTo("{}");
    }
}
