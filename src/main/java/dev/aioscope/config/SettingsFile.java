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

/** The settings file: YAML with {@code name: value} per setting. A value can be a list. */
final class SettingsFile {
    private static final int MAX_BYTES = 1 << 20;

    /** A setting with its line; the value is null if it is invalid. */
    record Line(int number, String name, @Nullable String value, boolean isList) {}

    private final Path path;
    private final List<Line> lines = new ArrayList<>();
    private final List<ValidationError> errors = new ArrayList<>();

    private SettingsFile(Path path) {
        this.path = path;
    }

    /** Whether the file sets nothing; false if it is unreadable, or a pipe, which can be read only once. */
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

    /** Reads the file; never throws, see {@link #errors}. */
    static SettingsFile read(Path path) {
        if (Files.isDirectory(path)) {
            return unreadable(path, "cannot read: is a directory", "name a file with --config");
        }
        try (InputStream file = Files.newInputStream(path)) {
            byte[] bytes = file.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                return unreadable(path, "cannot read: larger than 1 MiB", "name a settings file with --config");
            }
            return parse(path, UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (NoSuchFileException e) {
            return unreadable(path, "cannot read: no such file", "create it, or name another file with --config");
        } catch (AccessDeniedException e) {
            return unreadable(
                    path, "cannot read: permission denied", "run chmod 644 " + path + "; it contains no secrets");
        } catch (CharacterCodingException e) {
            return unreadable(path, "cannot read: not UTF-8", "save it as UTF-8");
        } catch (IOException e) {
            return unreadable(path, "cannot read: " + e, "name a readable file with --config");
        }
    }

    private static SettingsFile unreadable(Path path, String cause, String hint) {
        SettingsFile file = new SettingsFile(path);
        file.errors.add(new ValidationError(path.toString(), cause, hint));
        return file;
    }

    /** Parses the text of the file. */
    static SettingsFile parse(Path path, String text) {
        SettingsFile file = new SettingsFile(path);
        try {
            // Compose only: constructing values would convert `on`, `1e3` and dates.
            LoadSettings settings =
                    LoadSettings.builder().setLabel(path.toString()).build();
            new Compose(settings).composeString(text).ifPresent(file::take);
        } catch (MarkedYamlEngineException e) {
            Optional<Mark> mark = e.getProblemMark().or(e::getContextMark);
            String problem = String.valueOf(e.getProblem()).replaceAll("\\s+", " ");
            file.error(mark.map(Mark::getLine).orElse(0) + 1, "invalid YAML: " + problem, "write name: value");
        } catch (ReaderException e) {
            long line = 1
                    + text.codePoints()
                            .limit(e.getPosition())
                            .filter(character -> character == '\n')
                            .count();
            String problem = String.format("control character U+%04X", e.getCodePoint());
            file.error((int) line, "invalid YAML: " + problem, "remove it; the file may be damaged or truncated");
        } catch (YamlEngineException e) {
            String problem = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            file.errors.add(new ValidationError(path.toString(), "invalid YAML: " + problem, "write name: value"));
        }
        return file;
    }

    List<Line> lines() {
        return lines;
    }

    List<ValidationError> errors() {
        return errors;
    }

    /** {@code FILE:LINE}. */
    String where(int line) {
        return path + ":" + line;
    }

    private void error(int line, String cause, String hint) {
        errors.add(new ValidationError(where(line), cause, hint));
    }

    private static int lineOf(Node node) {
        return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
    }

    private void take(Node root) {
        if (root instanceof MappingNode mapping) {
            mapping.getValue().forEach(this::take);
        } else if (!isNothing(root)) {
            error(lineOf(root), "expected `name: value`", "write one setting per line");
        }
    }

    private void take(NodeTuple tuple) {
        Node key = tuple.getKeyNode();
        if (!(key instanceof ScalarNode name)) {
            error(lineOf(key), "expected `name: value`, got a name that is not a word", "write one setting per line");
            return;
        }
        int line = lineOf(key);
        lines.stream()
                .filter(other -> other.name.equals(name.getValue()))
                .findFirst()
                .ifPresent(other ->
                        error(line, name.getValue() + ": already set in line " + other.number, "keep one of them"));
        Node value = tuple.getValueNode();
        lines.add(new Line(line, name.getValue(), value(name.getValue(), value), value instanceof SequenceNode));
    }

    private @Nullable String value(String name, Node node) {
        if (isNothing(node)) {
            error(lineOf(node), name + ": expected a value", "set one, or remove the line");
            return null;
        }
        if (node instanceof ScalarNode scalar) {
            return scalar.getValue();
        }
        List<String> values = new ArrayList<>();
        if (node instanceof SequenceNode sequence) {
            for (Node element : sequence.getValue()) {
                if (!(element instanceof ScalarNode scalar) || isNothing(element)) {
                    error(lineOf(element), name + ": expected a list of words", "write [a, b]");
                    return null;
                }
                if (scalar.getValue().contains(",")) {
                    error(lineOf(element), name + ": unexpected comma in '" + scalar.getValue() + "'", "write [a, b]");
                    return null;
                }
                values.add(scalar.getValue());
            }
            return String.join(",", values);
        }
        error(lineOf(node), name + ": expected a value, got a mapping", "write name: value, without nesting");
        return null;
    }

    private static boolean isNothing(Node node) {
        return node.getTag().equals(Tag.NULL);
    }
}
