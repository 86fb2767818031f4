package dev.aioscope.guest;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The looks on the kernels of the lab. */
@Tag("guest")
class SampleTierGuestTest extends SampleTier {
    @Test
    void anExitThatWaitsForRequestsIsFound() throws IOException {
        findAnExitThatWaitsForRequests();
    }
}
