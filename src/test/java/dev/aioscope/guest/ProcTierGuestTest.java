package dev.aioscope.guest;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The looks at /proc on the kernels of the lab. */
@Tag("guest")
class ProcTierGuestTest extends ProcTier {
    @Test
    void anExitThatWaitsForRequestsIsFound() throws IOException {
        findAnExitThatWaitsForRequests();
    }
}
