package dev.aioscope.host;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.RestartingHelper;
import dev.aioscope.kernel.TaskStat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads processes from /proc. A reader of the command line of a dying process can become the last user of its address
 * space and then block on its requests. A small child process therefore does the reading, and is abandoned if it hangs.
 * Names and arguments are any bytes; invalid UTF-8 becomes U+FFFD. One thread reads; any thread may call the other methods.
 */
final class ProcessReader implements AutoCloseable {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(3);

    private static final int MAX_FIELD_LENGTH = 4096;
    private static final int MAX_ARGUMENTS = 256;
    private static final int MAX_BYTES = 1 << 16;

    /** The end of a command line or argument of which the rest is missing. */
    private static final String CUT = "…";

    /**
     * Answers a PID with the contents of four files, the target of {@code exe} and the mounts that Kubernetes made, as
     * hexadecimal digits with a full stop between two fields; an unreadable one is empty. The directory stays that of the same process. Where its first thread
     * has ended, all but {@code stat} are those of another thread.
     */
    static final String SCRIPT = """
            echo ready
            while read -r pid; do
                (
                    cd "/proc/$pid" || exit
                    od -An -v -tx1 stat
                    start=
                    read -r start <cmdline
                    for task in task/*; do
                        [ -z "$start" ] || break
                        read -r start <"$task/cmdline"
                        [ -z "$start" ] || cd "$task"
                    done
                    for file in status cgroup cmdline; do
                        echo .
                        od -An -v -tx1 -N %1$d "$file"
                    done
                    echo .
                    readlink -n exe | od -An -v -tx1
                    echo .
                    grep -E '/pods/|/hostname ' mountinfo | od -An -v -tx1 -N %1$d
                ) | tr -d ' \\n'
                echo
            done
            """.formatted(MAX_BYTES + 1);

    private final RestartingHelper helper;

    /** A reader that starts its child process with the first question. */
    ProcessReader() {
        this(List.of("/bin/sh", "-c", SCRIPT));
    }

    /** Uses another command, for tests. */
    ProcessReader(List<String> command) {
        helper = new RestartingHelper(
                "identify processes",
                () -> HelperProcess.start(command, START_TIMEOUT),
                ANSWER_TIMEOUT,
                System::nanoTime);
    }

    /**
     * Reads the process with this PID and start.
     *
     * @param start CLOCK_BOOTTIME, ns
     * @return empty if there is no such process
     * @throws IOException if the child process does not start or does not answer
     */
    Optional<Identity> read(int pid, long start) throws IOException {
        return parse(helper.ask(Integer.toString(pid)), start);
    }

    /** Ends the child process until the next question. */
    void rest() {
        helper.rest();
    }

    /** How often the child process did not start or did not answer. */
    long failures() {
        return helper.failures();
    }

    /** Why the latest question has no answer; empty if it has one. */
    Optional<String> fault() {
        return helper.fault();
    }

    /** Kills the child process, even during an answer. */
    @Override
    public void close() {
        helper.close();
    }

    /** Parses an answer; empty if it is malformed or about another process. */
    static Optional<Identity> parse(String answer, long start) {
        String[] fields = answer.split("\\.", -1);
        if (fields.length != 6) {
            return Optional.empty();
        }
        try {
            byte[][] files = Arrays.stream(fields).map(HexFormat.of()::parseHex).toArray(byte[][]::new);
            String status = text(files[1]);
            return process(text(files[0]), start)
                    .map(process -> new Identity(
                            process.comm(),
                            emptyToNull(text(files[4])),
                            arguments(files[3]),
                            false,
                            owner(status, "Uid", AccountNames.ofHost(Libc::userName)),
                            owner(status, "Gid", AccountNames.ofHost(Libc::groupName)),
                            CgroupPath.parse(text(files[2])).orElse(null),
                            Namespaces.HOST,
                            KubernetesNames.ofMounts(text(files[5]))));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // Not hexadecimal.
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static @Nullable String emptyToNull(String text) {
        return text.isEmpty() ? null : text;
    }

    /** The name of the real user or group, or its number if it has no name. */
    private static @Nullable String owner(String status, String kind, IntFunction<Optional<String>> names) {
        return status.lines()
                .filter(line -> line.matches(kind + ":(\\s+\\d{1,10}){4}"))
                .map(line -> line.split("\\s+", -1)[1])
                .findFirst()
                .map(id -> names.apply((int) Long.parseLong(id)).orElse(id))
                .orElse(null);
    }

    /** Parses a command line, of which more than {@link #MAX_BYTES} are not used. */
    static List<String> arguments(byte[] bytes) {
        String text = new String(bytes, 0, Math.min(bytes.length, MAX_BYTES), StandardCharsets.UTF_8);
        // Programs that change their title leave empty arguments at the end.
        List<String> all = text.isEmpty() ? List.of() : List.of(text.split("\0", 0));
        boolean isWhole = bytes.length <= MAX_BYTES && all.size() <= MAX_ARGUMENTS;
        return Stream.concat(all.stream().limit(MAX_ARGUMENTS), isWhole ? Stream.of() : Stream.of(CUT))
                .map(ProcessReader::cut)
                .toList();
    }

    private static String cut(String text) {
        if (text.length() <= MAX_FIELD_LENGTH) {
            return text;
        }
        int end =
                Character.isHighSurrogate(text.charAt(MAX_FIELD_LENGTH - 1)) ? MAX_FIELD_LENGTH - 1 : MAX_FIELD_LENGTH;
        return text.substring(0, end) + CUT;
    }

    /** Parses {@code /proc/PID/stat}; empty if it is malformed or of a process that started at another time. */
    static Optional<TaskStat> process(String stat, long start) {
        return TaskStat.parse(stat).filter(process -> Math.abs(process.start() - start) / TaskStat.TICK <= 1);
    }
}
