package dev.aioscope.probe.bcc;

import dev.aioscope.kernel.Btf;
import dev.aioscope.kernel.Btf.Field;
import dev.aioscope.kernel.Host;
import dev.aioscope.probe.ProbeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The source of the probes, from the jar, and what libbcc needs beside it. */
final class SourceCode {
    /** The mark before the names of the programs, which libbcc's own functions do not have. */
    static final String PREFIX = "program_";

    private static final List<String> FILES = List.of(
            "aioscope.bpf.c",
            "engine.h",
            "event.h",
            "kernel.h",
            "bcc/include/asm/page.h",
            "bcc/include/linux/bpf_common.h",
            "bcc/include/linux/kconfig.h",
            "bcc/include/linux/log2.h",
            "bcc/include/linux/types.h",
            "bcc/include/linux/version.h",
            "bcc/include/uapi/linux/bpf.h",
            "bcc/include/uapi/linux/if_packet.h");

    private static final Pattern PROGRAM =
            Pattern.compile("\\nSEC\\(.*\\)\\nint (?:BPF_(?:PROG|KPROBE|KRETPROBE)\\()?(\\w+)");
    private static final Pattern SIZE = Pattern.compile("SIZE_OF\\((\\w+)\\)");
    private static final Pattern FIELD = Pattern.compile("\\tFIELD\\((\\w+), (\\w+), ");
    private static final Pattern MAP = Pattern.compile("\\n(?:MAP|RING|CONSTANT|SHARED)\\((\\w+)");
    private static final Pattern ENUMERATOR = Pattern.compile("ENUMERATOR_EXISTS\\((\\w+), (BPF_\\w+)\\)");
    private static final Pattern FUNCTION = Pattern.compile("\\nKERNEL_FUNCTION\\((\\w+)\\)");

    private final String programs = text("aioscope.bpf.c");
    private final String structs = text("kernel.h");

    private static String text(String file) {
        try (InputStream in = SourceCode.class.getResourceAsStream("/probes/" + file)) {
            if (in == null) {
                throw new ProbeException("the probe source " + file + " is not in the jar", "install aioscope again");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ProbeException("the probe source " + file + " cannot be read: " + e, "install aioscope again");
        }
    }

    /** All files, one after the other: what a compilation depends on. */
    String everything() {
        StringBuilder all = new StringBuilder();
        FILES.forEach(file -> all.append(file).append('\n').append(text(file)).append('\n'));
        return all.toString();
    }

    /** The maps by their numbers. */
    List<String> maps() {
        return found(MAP, programs);
    }

    /** Writes the source and what it includes. */
    void writeTo(Path folder, Btf btf) throws IOException {
        for (String file : FILES) {
            Path path = folder.resolve(file);
            Files.createDirectories(path.getParent());
            Files.writeString(path, text(file));
        }
        Files.writeString(folder.resolve("offsets.h"), places(btf));
    }

    /**
     * What is given to libbcc itself: a function for each program, since its rewriter and its table of functions look at
     * no other file.
     */
    String main() {
        StringBuilder main = new StringBuilder("#include \"aioscope.bpf.c\"\n");
        found(PROGRAM, programs)
                .forEach(
                        name -> main.append("int %s%s(void *ctx) { return %s(ctx); }\n".formatted(PREFIX, name, name)));
        return main.toString();
    }

    /** Where the running kernel has what the probes read. */
    String places(Btf btf) {
        StringBuilder places = new StringBuilder("/* Made from the kernel's BTF. */\n");
        List<String> maps = maps();
        for (int i = 0; i < maps.size(); i++) {
            define(places, "MAP_NUMBER_" + maps.get(i), i);
        }
        each(FIELD, structs, field -> {
            String name = field.group(1) + "_" + field.group(2);
            OptionalInt struct = btf.struct(real(field.group(1)));
            Optional<Field> found =
                    struct.isPresent() ? btf.field(struct.getAsInt(), field.group(2)) : Optional.empty();
            define(places, "HAS_" + name, found.isPresent() ? 1 : 0);
            define(places, "OFFSET_" + name, found.map(Field::offset).orElse(0));
        });
        each(SIZE, programs, struct -> {
            OptionalInt type = btf.struct(struct.group(1));
            define(places, "SIZE_" + struct.group(1), type.isPresent() ? btf.size(type.getAsInt()) : 0);
        });
        each(ENUMERATOR, programs, enumerator -> {
            String name = enumerator.group(2);
            define(places, "HAS_" + name, btf.hasEnumerator(enumerator.group(1), name) ? 1 : 0);
        });
        found(FUNCTION, structs)
                .forEach(name ->
                        define(places, "FUNCTION_" + name, btf.function(name).orElse(0)));
        return places.toString();
    }

    private static void define(StringBuilder to, String name, int value) {
        to.append("#define ").append(name).append(' ').append(value).append('\n');
    }

    /** The kernel's name of a struct that another version has in another way. */
    private static String real(String name) {
        return name.replaceFirst("___.*", "");
    }

    private static List<String> found(Pattern pattern, String text) {
        Stream<MatchResult> matches = pattern.matcher(text).results();
        return matches.map(match -> match.group(1)).toList();
    }

    private static void each(Pattern pattern, String text, Consumer<Matcher> action) {
        for (Matcher matcher = pattern.matcher(text); matcher.find(); ) {
            action.accept(matcher);
        }
    }

    /** What the compiler is told of the architecture. */
    static String target() {
        return Host.architecture().equals("x86_64") ? "x86" : "arm64";
    }
}
