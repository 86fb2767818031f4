package dev.aioscope.guest;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Scans of /proc on the lab kernels. */
@Tag("guest")
@Tag("turn4")
class ProcTierGuestTest extends ProcTierTests {
    @Test
    void findsExitThatWaitsForRequests() throws IOException {
        findAnExitThatWaitsForRequests();
    }
}
