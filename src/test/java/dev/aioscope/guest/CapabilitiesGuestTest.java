package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Commands;
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

/** Checks the documented outcome in agent/privileges.md for each set of capabilities of a non-root user. */
@Tag("guest")
@Tag("turn2")
class CapabilitiesGuestTest {
    private static final Pattern ROW = Pattern.compile("\\| ([^|]+) \\| `aioscope ([^`]*)` \\| ([^|]*) \\| `(.*)` \\|");
    private static final Pattern NAME = Pattern.compile("CAP_\\w+");

    /** A row of the table. */
    private record CapabilityCase(
            List<String> kernels, List<String> arguments, List<String> capabilities, String outcome) {
        static Stream<CapabilityCase> parse(String line) {
            Matcher row = ROW.matcher(line);
            return row.matches()
                    ? Stream.of(new CapabilityCase(
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

    static List<CapabilityCase> documented() throws IOException {
        List<CapabilityCase> all = Files.readAllLines(Path.of("agent/privileges.md")).stream()
                .flatMap(CapabilityCase::parse)
                .toList();
        assertThat(all).hasSizeGreaterThan(8);
        return all.stream()
                .filter(one ->
                        one.kernels.stream().anyMatch(kernel -> Host.release().startsWith(kernel + ".")))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("documented")
    void matchesDocumentedOutcome(CapabilityCase documented) throws IOException {
        try (AioWork work = AioWork.start("destroy", "--charge", "10", "--wait")) {
            work.await("ready");
            String capabilities = Stream.concat(
                            Stream.of("-all"), documented.capabilities.stream().map(name -> "+" + name))
                    .reduce((one, other) -> one + "," + other)
                    .orElseThrow();
            // A user's default limit of locked memory; kernels that do not charge BPF to it ignore it.
            String[] command = Aioscope.command(documented.arguments.toArray(String[]::new));
            String output = Commands.execute(Stream.concat(
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
