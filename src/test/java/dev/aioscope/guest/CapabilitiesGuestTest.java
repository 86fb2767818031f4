package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What agent/privileges.md says of each set of capabilities that a user other than root can be given. */
@Tag("guest")
class CapabilitiesGuestTest {
    private static final Pattern ROW = Pattern.compile("\\| ([^|]+) \\| `aioscope ([^`]*)` \\| ([^|]*) \\| `(.*)` \\|");
    private static final Pattern NAME = Pattern.compile("CAP_\\w+");

    /** One line of the table. */
    private record Try(List<String> kernels, List<String> arguments, List<String> capabilities, String outcome) {
        static Stream<Try> parse(String line) {
            Matcher row = ROW.matcher(line);
            return row.matches()
                    ? Stream.of(new Try(
                            List.of(row.group(1).split(", ")),
                            List.of(row.group(2).split(" ")),
                            NAME.matcher(row.group(3))
                                    .results()
                                    .map(name -> name.group().substring(4).toLowerCase(Locale.ROOT))
                                    .toList(),
                            row.group(4)))
                    : Stream.empty();
        }
    }

    static List<Try> documented() throws IOException {
        List<Try> all = Files.readAllLines(Path.of("agent/privileges.md")).stream()
                .flatMap(Try::parse)
                .toList();
        assertThat(all).hasSizeGreaterThan(8);
        return all.stream()
                .filter(one ->
                        one.kernels.stream().anyMatch(kernel -> Host.release().startsWith(kernel + ".")))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("documented")
    void theOutcomeIsTheOneThatIsDocumented(Try documented) throws IOException {
        try (AioWork work = AioWork.start("destroy", "--charge", "10", "--wait")) {
            work.await("ready");
            String capabilities = Stream.concat(
                            Stream.of("-all"), documented.capabilities.stream().map(name -> "+" + name))
                    .reduce((one, other) -> one + "," + other)
                    .orElseThrow();
            // Locked memory is as little as a user has by default, unless the kernel does not ask.
            String[] command = Command.aioscope(documented.arguments.toArray(String[]::new));
            String output = Command.runs(Stream.concat(
                                    Stream.of(
                                            "prlimit",
                                            "--memlock=65536:65536",
                                            "setpriv",
                                            "--reuid=nobody",
                                            "--clear-groups",
                                            "--no-new-privs",
                                            "--inh-caps=" + capabilities,
                                            "--ambient-caps=" + capabilities,
                                            "--bounding-set=" + capabilities),
                                    Arrays.stream(command))
                            .toArray(String[]::new))
                    .output();
            assertThat(output).contains(documented.outcome).doesNotContain("\tat ");
        }
    }
}
