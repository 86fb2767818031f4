package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** {@code --stacks} where there can be none. */
class StacksOptionIT {
    @Test
    void aTierThatHasNoneSaysSo() throws IOException {
        String said = "No stacks: they are taken in io_setup and io_destroy, and the tier sample has no probe there";

        assertThat(Command.run(Command.aioscope("trace", "--stacks", "--tier", "sample", "--for", "1ms")))
                .contains(said);
        assertThat(Command.run(Command.aioscope("demo", "--watch", "--stacks", "--tier", "sample")))
                .contains(said);
        assertThat(Command.run(Command.aioscope("trace", "--for", "1ms"))).doesNotContain("No stacks");
    }
}
