package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.cli.Run;
import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Limits from 2^63 on, as SAP HANA sets them, are numbers like any other. */
@Tag("guest")
@Tag("turn3")
class LargeLimitGuestTest {
    private static final Path LIMIT = Path.of("/proc/sys/fs/aio-max-nr");

    private String before = "";

    @BeforeEach
    void remember() {
        // Files.readString reads only the first digit.
        before = Host.aioMaxNr().orElseThrow().toString();
    }

    @AfterEach
    void restore() throws IOException {
        Files.writeString(LIMIT, before);
    }

    /** The output of a command in this process, which starts faster. */
    private static String run(String... arguments) {
        Run run = Run.of(arguments);
        assertThat(run.status()).as(run.err()).isZero();
        return run.out();
    }

    private static JsonNode json(String type, String... arguments) {
        return JsonLines.ofType(JsonLines.parse(run(arguments)), type).get(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"18446744073709551615", "9223372036854775808"})
    void commandsShowLimit(String limit) throws IOException {
        Files.writeString(LIMIT, limit);
        try (AioWork work = AioWork.start("destroy", "--charge", "333", "--wait")) {
            work.await("ready");

            JsonNode quota = json("quota", "contexts", "--tier", "sample", "--json");
            assertThat(quota.path("aio_max_nr").asString()).isEqualTo(limit);
            assertThat(quota.path("headroom").bigIntegerValue())
                    .isEqualTo(quota.path("aio_max_nr")
                            .bigIntegerValue()
                            .subtract(quota.path("aio_nr").bigIntegerValue()));
            assertThat(json("plan", "plan", "--tier", "sample", "--json", "--more", "aiowork=3")
                            .path("needed")
                            .asLong())
                    .isEqualTo(quota.path("aio_nr").asLong() + 3 * 333);
            assertThat(run("plan", "--tier", "sample", "--more", "aiowork=3")).contains("no limit", "They fit: ");
            assertThat(run("top", "--tier", "sample", "--once")).contains(" 333  no limit  0.0%");
            work.proceed();
            work.finish();
        }
    }

    @Test
    void doctorAndDaemonShowLimit(@TempDir Path folder) throws Exception {
        Files.writeString(LIMIT, "18446744073709551615");
        assertThat(Commands.run(Aioscope.command("doctor")))
                .contains("of fs.aio-max-nr 18446744073709551615, no limit");
        Path output = folder.resolve("run.log");
        Process agent = Commands.start(
                output, Aioscope.command("run", "--tier", "sample", "--recorder-directory", folder.toString()));
        try {
            Commands.awaitText(agent, output, " started: ");
            MetricsScrape scrape = MetricsScrape.take();
            assertThat(scrape.value("aio_event_limit")).isEqualTo(0x1p64);
            assertThat(scrape.value("aio_event_utilization_ratio")).isLessThan(1e-9);
            CommandResult ready = Commands.execute("curl", "-sf", "http://127.0.0.1:9464/readyz");
            assertThat(ready.status()).as(ready.output()).isZero();
            Files.writeString(LIMIT, "9223372036854775808");
            MetricsScrape.await(later -> later.value("aio_event_limit") == 0x1p63);
            Commands.stop(agent, "TERM", 0, output);
        } finally {
            agent.destroyForcibly();
        }
    }
}
