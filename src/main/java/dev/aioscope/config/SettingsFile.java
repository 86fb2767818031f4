package dev.aioscope.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** The settings file: YAML, a line {@code name: value} for each setting; lists have their values in brackets or lines. */
final class SettingsFile {
    private static final int LARGEST = 1 << 20;

    /** A key with its value; null if it has none that could be used. */
    record Line(int number, String name, @Nullable String value, boolean isList) {}

    private final Path path;
    private final List<Line> lines = new ArrayList<>();
    private final List<ValidationError> mistakes = new ArrayList<>();

    private SettingsFile(Path path) {
        this.path = path;
    }

    /** Whether it sets nothing, as the default file does not; false if it cannot be read, or only once, as a pipe. */
    static boolean isAllComment(Path path) {
        if (!Files.isRegularFile(path)) {
            return false;
        }
        try (Stream<String> text = Files.lines(path)) {
            return text.map(String::strip).allMatch(line -> line.isEmpty() || line.startsWith("#"));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    /** Reads it; what is wrong with it is among its mistakes. */
    static SettingsFile read(Path path) {
        if (Files.isDirectory(path)) {
            return unreadable(path, "it is a folder", "give the file in it by --config");
        }
        try (InputStream file = Files.newInputStream(path)) {
            byte[] bytes = file.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                return unreadable(path, "it has more than 1 MiB", "give a settings file");
            }
            return parse(path, UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (NoSuchFileException e) {
            return unreadable(path, "there is no such file", "make it, or give another one by --config");
        } catch (AccessDeniedException e) {
            return unreadable(path, "it may not be read", "chmod 644 " + path + ": it holds no secrets");
        } catch (CharacterCodingException e) {
            return unreadable(path, "it is not UTF-8", "save it as UTF-8");
        } catch (IOException e) {
            return unreadable(path, "it cannot be read: " + e, "give a readable file by --config");
        }
    }

    private static SettingsFile unreadable(Path path, String cause, String hint) {
        SettingsFile file = new SettingsFile(path);
        file.mistakes.add(new ValidationError(path.toString(), cause, hint));
        return file;
    }

    /** Reads this text, which is that of the file. */
    static SettingsFile parse(Path path, String text) {
        SettingsFile file = new SettingsFile(path);
        try {
            // No construction of values: `on`, `1e3` and dates are what was written.
            LoadSettings settings =
                    LoadSettings.builder().setLabel(path.toString()).build();
            new Compose(settings).composeString(text).ifPresent(file::take);
        } catch (MarkedYamlEngineException e) {
            Optional<Mark> mark = e.getProblemMark().or(e::getContextMark);
            String problem = String.valueOf(e.getProblem()).replaceAll("\\s+", " ");
            file.mistake(mark.map(Mark::getLine).orElse(0) + 1, "not YAML: " + problem, "write name: value");
        } catch (ReaderException e) {
            long line = 1
                    + text.codePoints()
                            .limit(e.getPosition())
                            .filter(character -> character == '\n')
                            .count();
            String problem = String.format("a character that is no text, U+%04X", e.getCodePoint());
            file.mistake((int) line, "not YAML: " + problem, "remove it; was the file written to its end?");
        } catch (YamlEngineException e) {
            String problem = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            file.mistakes.add(new ValidationError(path.toString(), "not YAML: " + problem, "write name: value"));
        }
        return file;
    }

    List<Line> lines() {
        return lines;
    }

    List<ValidationError> mistakes() {
        return mistakes;
    }

    /** A file and a line of it, as compilers write it. */
    String where(int line) {
        return path + ":" + line;
    }

    private void mistake(int line, String cause, String hint) {
        mistakes.add(new ValidationError(where(line), cause, hint));
    }

    private static int lineOf(Node node) {
        return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
    }

    private void take(Node root) {
        if (root instanceof MappingNode mapping) {
            mapping.getValue().forEach(this::take);
        } else if (!isNothing(root)) {
            mistake(lineOf(root), "there is no setting here", "write name: value");
        }
    }

    private void take(NodeTuple tuple) {
        Node key = tuple.getKeyNode();
        if (!(key instanceof ScalarNode name)) {
            mistake(lineOf(key), "the name of a setting is a word", "write name: value");
            return;
        }
        int line = lineOf(key);
        lines.stream()
                .filter(other -> other.name.equals(name.getValue()))
                .findFirst()
                .ifPresent(other -> mistake(
                        line,
                        name.getValue() + ": is set in line " + other.number + " already",
                        "keep one of the two"));
        Node value = tuple.getValueNode();
        lines.add(new Line(line, name.getValue(), value(name.getValue(), value), value instanceof SequenceNode));
    }

    private @Nullable String value(String name, Node node) {
        if (isNothing(node)) {
            mistake(lineOf(node), name + ": has no value", "give one, or remove the line");
            return null;
        }
        if (node instanceof ScalarNode scalar) {
            return scalar.getValue();
        }
        List<String> values = new ArrayList<>();
        if (node instanceof SequenceNode sequence) {
            for (Node element : sequence.getValue()) {
                if (!(element instanceof ScalarNode scalar) || isNothing(element)) {
                    mistake(lineOf(element), name + ": a value of the list is missing or no word", "write [a, b]");
                    return null;
                }
                if (scalar.getValue().contains(",")) {
                    mistake(lineOf(element), name + ": '" + scalar.getValue() + "' has a comma in it", "write [a, b]");
                    return null;
                }
                values.add(scalar.getValue());
            }
            return String.join(",", values);
        }
        mistake(lineOf(node), name + ": has settings of its own", "write name: value, without names inside names");
        return null;
    }

    private static boolean isNothing(Node node) {
        return node.getTag().equals(Tag.NULL);
    }
}
