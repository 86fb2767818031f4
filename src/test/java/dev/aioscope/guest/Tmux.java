package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A command in a real terminal, that of a tmux server of its own. After its end the terminal's settings, before it and after
 * it, and its exit status are in files, and a line says so.
 */
final class Tmux implements AutoCloseable {
    static final String ENDED = "the command has ended";
    private static final int SECONDS = 60;

    private final Path folder;
    private final String socket;

    /** Starts it; its stderr goes to a file. */
    Tmux(Path folder, int columns, int rows, String... command) throws IOException {
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
                """.formatted(folder, quoted(command), ENDED));
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
        return Command.run(command.toArray(String[]::new));
    }

    static boolean isThere() {
        try {
            return Command.runs("tmux", "-V").status() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** Presses keys, by tmux's names. */
    void press(String... keys) throws IOException {
        List<String> command = new ArrayList<>(List.of("send-keys"));
        command.addAll(List.of(keys));
        tmux(command.toArray(String[]::new));
    }

    void resize(int columns, int rows) throws IOException {
        tmux("resize-window", "-x", "" + columns, "-y", "" + rows);
    }

    /** What stands on the screen, line by line without the spaces at their ends. */
    List<String> screen() throws IOException {
        return tmux("capture-pane", "-p").lines().map(String::stripTrailing).toList();
    }

    /** Waits for a screen like this and returns it. */
    List<String> await(String what, Predicate<List<String>> like) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        List<String> screen = screen();
        while (!like.test(screen)) {
            assertThat(System.nanoTime())
                    .as("%s on the screen:%n%s%n%s", what, String.join("\n", screen), file("err"))
                    .isLessThan(deadline);
            Command.pause();
            screen = screen();
        }
        return screen;
    }

    /** Waits until a line has this text, and returns the screen. */
    List<String> await(String text) throws IOException {
        return await(text, screen -> screen.stream().anyMatch(line -> line.contains(text)));
    }

    /** Sends a signal to the command itself. */
    void kill(String signal) throws IOException {
        Command.run("kill", "-" + signal, file("pid").strip());
    }

    String file(String name) throws IOException {
        Path file = folder.resolve(name);
        return Files.exists(file) ? Files.readString(file) : "";
    }

    /** Whether what stood on the terminal before is hidden. */
    boolean isAlternate() throws IOException {
        return tmux("display", "-p", "#{alternate_on}").strip().equals("1");
    }

    boolean isCursorShown() throws IOException {
        return tmux("display", "-p", "#{cursor_flag}").strip().equals("1");
    }

    @Override
    public void close() throws IOException {
        Command.runs("tmux", "-S", socket, "kill-server");
    }
}
