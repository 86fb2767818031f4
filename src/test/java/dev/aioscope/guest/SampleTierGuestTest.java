package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.Teardown.End;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The looks on the kernels of the lab. */
@Tag("guest")
class SampleTierGuestTest extends SampleTier {
    @Test
    void anExitThatWaitsForRequestsIsFound() throws IOException {
        NullBlk.load();
        try (Work work = Work.start("exit", "--charge", "33", "--outstanding", "10", "--wait")) {
            work.await("ready");
            agent.lookAround();
            List<Teardown> seen = new ArrayList<>();
            work.goOn();
            // The process waits for half a second and is gone.
            agent.readUntil("the end of the context", () -> {
                seen.addAll(inProgress(work.pid()));
                return !agent.teardowns(work.pid()).isEmpty();
            });

            assertThat(seen).isNotEmpty().allSatisfy(teardown -> {
                assertThat(teardown.trigger()).isEqualTo(Trigger.EXIT);
                assertThat(teardown.context().maxReqs()).isEqualTo(33);
                assertThat(Objects.requireNonNull(teardown.caller()).pid()).isEqualTo(work.pid());
            });
            assertThat(agent.teardowns(work.pid())).singleElement().satisfies(ended -> {
                assertThat(ended.end()).isEqualTo(End.VANISHED);
                assertThat(ended.trigger()).isEqualTo(Trigger.EXIT);
            });
        }
    }
}
