package dev.aioscope.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Compares the offsets that Java uses with those that a C compiler gives the structs of probes/event.h. */
class LayoutTest {
    private static final Path HEADER = Path.of("probes/event.h");
    private static final Pattern STRUCT = Pattern.compile("struct (\\w+) \\{(.*?)\\n\\};", Pattern.DOTALL);
    private static final Pattern FIELD = Pattern.compile("\\n\\t[\\w ]+? (\\w+)(\\[\\w+\\])?;");
    private static final Pattern ENUM =
            Pattern.compile("\\b(EVENT|OPERATION|RELEASED_BY|RING|TRIGGER|AIO_CALL|WAIT_REASON)_(\\w+) = (\\d+)");

    /** Value in C by the name of the constant in Java. */
    private static Map<String, Integer> inC;

    @BeforeAll
    static void compile(@TempDir Path folder) throws Exception {
        String header = Files.readString(HEADER, StandardCharsets.UTF_8);
        StringBuilder program =
                new StringBuilder("#include <stdio.h>\n#include <stddef.h>\n#include \"event.h\"\nint main(void) {\n");
        for (Matcher struct = STRUCT.matcher(header); struct.find(); ) {
            print(program, struct.group(1), struct.group(2));
        }
        Path source = Files.writeString(folder.resolve("layout.c"), program.append("return 0; }\n"));
        Path binary = folder.resolve("layout");
        run("cc", "-Wall", "-Werror", "-I", HEADER.getParent().toString(), "-o", binary.toString(), source.toString());
        inC = run(binary.toString())
                .lines()
                .map(line -> line.split(" "))
                .collect(Collectors.toMap(word -> word[0], word -> Integer.parseInt(word[1])));
    }

    private static void print(StringBuilder program, String struct, String fields) {
        String prefix = struct.equals("event_header")
                ? ""
                : struct.replaceFirst("^event_", "").toUpperCase(Locale.ROOT) + "_";
        for (Matcher field = FIELD.matcher(fields); field.find(); ) {
            if (!field.group(1).equals("reserved") && !field.group(1).equals("header")) {
                String name = field.group(1);
                program.append("printf(\"%s%s %%zu\\n\", offsetof(struct %s, %s));\n"
                        .formatted(prefix, name.toUpperCase(Locale.ROOT), struct, name));
            }
        }
        String size = struct.equals("event_header") ? "HEADER_SIZE" : prefix + "SIZE";
        program.append("printf(\"%s %%zu\\n\", sizeof(struct %s));\n".formatted(size, struct));
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS))
                .as("%s ended", command[0])
                .isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }

    private static Map<String, Integer> inJava(Class<?> layout) throws IllegalAccessException {
        Map<String, Integer> constants = new TreeMap<>();
        for (Field field : layout.getDeclaredFields()) {
            if (field.getType() == int.class && !field.getName().startsWith("ABSENT")) {
                field.setAccessible(true);
                constants.put(field.getName(), field.getInt(null));
            }
        }
        return constants;
    }

    @Test
    void usesOffsetsOfCForRecordFields() throws Exception {
        Map<String, Integer> expected = new TreeMap<>(inC);
        expected.keySet().removeIf(name -> name.startsWith("SETTINGS_") || name.startsWith("INVENTORY_"));
        expected.remove("FREE_SIZE");
        expected.put("COMM_LENGTH", 16);
        expected.put("VERSION", EventLayout.VERSION);

        assertThat(inJava(EventLayout.class)).isEqualTo(expected);
        assertThat(inC).containsEntry("FREE_SIZE", EventLayout.HEADER_SIZE);
    }

    @Test
    void usesOffsetsOfCForSharedVariables() throws Exception {
        Map<String, Integer> expected = new TreeMap<>(inC);
        expected.keySet().removeIf(name -> !name.startsWith("SETTINGS_") && !name.startsWith("INVENTORY_"));
        expected.keySet().removeAll(List.of("INVENTORY_SIZE", "INVENTORY_CONTEXT", "INVENTORY_VMEMMAP"));

        assertThat(inJava(Class.forName("dev.aioscope.probe.bpf.ProbeSettingsLayout")))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(EventType.class)
    void usesCodesOfHeaderForTypes(EventType type) throws Exception {
        assertThat(codes("EVENT")).containsEntry(type.name(), type.code());
        assertThat(EventType.of(type.code())).isEqualTo(type);
    }

    @Test
    void usesCodesOfHeaderForOtherEnums() throws Exception {
        assertThat(codes("EVENT")).hasSameSizeAs(EventType.values());
        codes("TRIGGER").forEach((name, code) -> assertThat(Trigger.of(code)).hasToString(name));
        codes("RELEASED_BY")
                .forEach((name, code) -> assertThat(ReleasedBy.of(code)).hasToString(name));
        codes("RING").forEach((name, code) -> assertThat(RingState.of(code)).hasToString(name));
        codes("AIO_CALL").forEach((name, code) -> assertThat(AioCall.of(code)).hasToString(name));
        assertThat(codes("AIO_CALL")).hasSameSizeAs(AioCall.values());
        codes("WAIT_REASON")
                .forEach((name, code) ->
                        assertThat(WaitReason.of(code)).isEqualTo(code == 0 ? null : WaitReason.valueOf(name)));
        codes("OPERATION")
                .forEach((name, code) -> assertThat(Operation.of(code)).hasToString(name));
        assertThat(codes("OPERATION")).hasSameSizeAs(Operation.values());
        assertThat(codes("RING")).hasSameSizeAs(RingState.values());
        assertThat(codes("TRIGGER")).hasSameSizeAs(Trigger.values());
        assertThat(codes("RELEASED_BY")).hasSameSizeAs(ReleasedBy.values());
    }

    private static Map<String, Integer> codes(String prefix) throws Exception {
        Map<String, Integer> codes = new TreeMap<>();
        Matcher matcher = ENUM.matcher(Files.readString(HEADER, StandardCharsets.UTF_8));
        while (matcher.find()) {
            if (matcher.group(1).equals(prefix)) {
                codes.put(matcher.group(2), Integer.parseInt(matcher.group(3)));
            }
        }
        return codes;
    }
}
