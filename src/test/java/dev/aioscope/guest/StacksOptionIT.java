package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** {@code --stacks} in tiers without stacks. */
class StacksOptionIT {
    @Test
    void reportsTierWithoutStacks() throws IOException {
        String message = "No stacks: the tier sample has no probe on io_setup and io_destroy";

        assertThat(Commands.run(Aioscope.command("trace", "--stacks", "--tier", "sample", "--for", "1ms")))
                .contains(message);
        assertThat(Commands.run(Aioscope.command("demo", "--watch", "--stacks", "--tier", "sample")))
                .contains(message);
        assertThat(Commands.run(Aioscope.command("trace", "--for", "1ms"))).doesNotContain("No stacks");
    }
}
