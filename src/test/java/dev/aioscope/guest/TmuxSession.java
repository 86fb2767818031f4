package dev.aioscope.guest;

import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * A command in a real terminal, with a separate tmux server. After the command exits, files contain its exit status and the
 * terminal's settings before and after it, and the screen shows {@link #EXITED}.
 */
final class TmuxSession implements AutoCloseable {
    static final String EXITED = "the command has exited";

    private final Path folder;
    private final String socket;

    /** Starts the command; its stderr goes to a file. */
    TmuxSession(Path folder, int columns, int rows, String... command) throws IOException {
        this.folder = folder;
        this.socket = folder.resolve("tmux").toString();
        Path script = folder.resolve("script");
        Files.writeString(script, """
                cd '%s'
                # Ctrl-C is for the command alone.
                trap : INT
                stty -a >before
                echo 'typed before'
                sh -c 'echo $$ >pid; exec "$@" 2>err' sh %s
                echo $? >status
                stty -a >after
                echo '%s'
                exec sleep 600
                """.formatted(folder, quoted(command), EXITED));
        tmux("-f", "/dev/null", "new-session", "-d", "-x", "" + columns, "-y", "" + rows, "sh " + script);
    }

    private static String quoted(String... command) {
        List<String> words = new ArrayList<>();
        for (String word : command) {
            words.add("'" + word.replace("'", "'\\''") + "'");
        }
        return String.join(" ", words);
    }

    private String tmux(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("tmux", "-S", socket));
        command.addAll(List.of(arguments));
        return Commands.run(command.toArray(String[]::new));
    }

    /** Presses keys, by their tmux names. */
    void press(String... keys) throws IOException {
        List<String> command = new ArrayList<>(List.of("send-keys"));
        command.addAll(List.of(keys));
        tmux(command.toArray(String[]::new));
    }

    void resize(int columns, int rows) throws IOException {
        tmux("resize-window", "-x", "" + columns, "-y", "" + rows);
    }

    /** The lines of the screen without trailing spaces. */
    List<String> screen() throws IOException {
        return tmux("capture-pane", "-p").lines().map(String::stripTrailing).toList();
    }

    /** Waits for a screen that matches and returns it. */
    List<String> await(String what, Predicate<List<String>> like) throws IOException {
        return Await.value(what + " on the screen, stderr in " + folder.resolve("err"), this::screen, like);
    }

    /** Waits until a line contains this text and returns the screen. */
    List<String> await(String text) throws IOException {
        return await(text, screen -> screen.stream().anyMatch(line -> line.contains(text)));
    }

    /** Sends a signal to the command itself. */
    void kill(String signal) throws IOException {
        Commands.run("kill", "-" + signal, file("pid").strip());
    }

    String file(String name) throws IOException {
        Path file = folder.resolve(name);
        return Files.exists(file) ? Files.readString(file) : "";
    }

    /** Whether the alternate screen hides the previous content. */
    boolean isAlternate() throws IOException {
        return tmux("display", "-p", "#{alternate_on}").strip().equals("1");
    }

    boolean isCursorShown() throws IOException {
        return tmux("display", "-p", "#{cursor_flag}").strip().equals("1");
    }

    @Override
    public void close() throws IOException {
        Commands.execute("tmux", "-S", socket, "kill-server");
    }
}
