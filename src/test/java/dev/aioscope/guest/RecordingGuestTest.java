package dev.aioscope.guest;

import dev.aioscope.guest.Agent.Placing;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Makes the recordings in src/test/resources/recorded: {@code packaging/lab/lab run KERNEL --share DIR} of this class
 * with {@code -Daioscope.record=DIR/KERNEL.events}. What each situation must lead to stands beside them.
 */
@Tag("guest")
@EnabledIfSystemProperty(named = "aioscope.record", matches = ".+")
class RecordingGuestTest {
    private static final String[] SITUATIONS = {
        "destroy",
        "destroy --outstanding 10",
        "exit",
        "exit --outstanding 10 --unreaped 7",
        "exec",
        "half-reaped",
        "poll-and-read --outstanding 3",
        "sibling --milliseconds 300",
        "rollback --charge 5",
    };

    @Test
    void record() throws IOException {
        NullBlk.load();
        try (OutputStream out = Files.newOutputStream(Path.of(System.getProperty("aioscope.record")));
                Agent agent = new Agent(Tier.FULL, Placing.FENTRY)) {
            agent.recordTo(event -> {
                try {
                    out.write(event.copy());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            for (String situation : SITUATIONS) {
                Work work = Work.run(situation.split(" ", -1));
                agent.readUntil(situation, () -> !agent.teardowns(work.pid()).isEmpty());
            }
        }
    }
}
