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

/** The source of the probes from the jar, and the generated files that libbcc needs with it. */
final class SourceCode {
    /** Prefix of program names, to distinguish them from libbcc's own functions. */
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
    private static final Pattern FIELD = Pattern.compile("\\t(FIELD|OPTIONAL)\\((\\w+), (\\w+), ");
    private static final Pattern MAP = Pattern.compile("\\n(?:MAP|RING|CONSTANT|SHARED)\\((\\w+)");
    private static final Pattern ENUMERATOR = Pattern.compile("ENUMERATOR_(?:EXISTS\\(|OR\\(\\S+, )(\\w+), (\\w+)\\)");
    private static final Pattern FUNCTION = Pattern.compile("\\nKERNEL_FUNCTION\\((\\w+)\\)");

    private final String programs = text("aioscope.bpf.c");
    private final String structs = text("kernel.h");

    private static String text(String file) {
        try (InputStream in = SourceCode.class.getResourceAsStream("/probes/" + file)) {
            if (in == null) {
                throw new ProbeException("cannot find the probe source " + file + " in the jar", "reinstall aioscope");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ProbeException("cannot read the probe source " + file + ": " + e, "reinstall aioscope");
        }
    }

    /** The content of all files, on which a compilation depends. */
    String everything() {
        StringBuilder all = new StringBuilder();
        FILES.forEach(file -> all.append(file).append('\n').append(text(file)).append('\n'));
        return all.toString();
    }

    /** The maps by their numbers. */
    List<String> maps() {
        return found(MAP, programs);
    }

    /** Writes the source and its includes. */
    void writeTo(Path directory, Btf btf) throws IOException {
        for (String file : FILES) {
            Path path = directory.resolve(file);
            Files.createDirectories(path.getParent());
            Files.writeString(path, text(file));
        }
        Files.writeString(directory.resolve("offsets.h"), offsets(btf));
    }

    /**
     * The main file for libbcc, with a function for each program, since its rewriter and its table of functions cover only
     * the main file.
     */
    String main() {
        StringBuilder main = new StringBuilder("#include \"aioscope.bpf.c\"\n");
        found(PROGRAM, programs)
                .forEach(
                        name -> main.append("int %s%s(void *ctx) { return %s(ctx); }\n".formatted(PREFIX, name, name)));
        return main.toString();
    }

    /**
     * The offsets of fields and the features of the running kernel, as C macros.
     *
     * @throws ProbeException if the kernel lacks a field that the programs read without a check
     */
    String offsets(Btf btf) {
        StringBuilder offsets = new StringBuilder("/* Generated from the kernel's BTF. */\n");
        List<String> maps = maps();
        for (int i = 0; i < maps.size(); i++) {
            define(offsets, "MAP_NUMBER_" + maps.get(i), i);
        }
        each(FIELD, structs, field -> {
            String name = field.group(2) + "_" + field.group(3);
            OptionalInt struct = btf.struct(real(field.group(2)));
            Optional<Field> found =
                    struct.isPresent() ? btf.field(struct.getAsInt(), field.group(3)) : Optional.empty();
            if (found.isEmpty() && field.group(1).equals("FIELD")) {
                throw new ProbeException(
                        "this kernel has no field " + field.group(2) + "." + field.group(3), "use --engine core");
            }
            define(offsets, "HAS_" + name, found.isPresent() ? 1 : 0);
            define(offsets, "OFFSET_" + name, found.map(Field::offset).orElse(0));
        });
        each(SIZE, programs, struct -> {
            OptionalInt type = btf.struct(struct.group(1));
            define(offsets, "SIZE_" + struct.group(1), type.isPresent() ? btf.size(type.getAsInt()) : 0);
        });
        each(ENUMERATOR, programs, enumerator -> {
            String name = enumerator.group(2);
            OptionalInt value = btf.enumerator(enumerator.group(1), name);
            define(offsets, "HAS_" + name, value.isPresent() ? 1 : 0);
            define(offsets, "VALUE_" + name, value.orElse(0));
        });
        found(FUNCTION, structs)
                .forEach(name ->
                        define(offsets, "FUNCTION_" + name, btf.function(name).orElse(0)));
        return offsets.toString();
    }

    private static void define(StringBuilder to, String name, int value) {
        to.append("#define ").append(name).append(' ').append(value).append('\n');
    }

    /** The kernel's name of a struct, without the suffix for a kernel version. */
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

    /** The architecture in libbpf's macros. */
    static String target() {
        return Host.architecture().equals("x86_64") ? "x86" : "arm64";
    }
}
