package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import java.io.Closeable;
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

    @Test
    void aCallOfA32BitProgramWithTheSameNumberIsNotTakenForIoDestroy() throws IOException {
        try (StuckDevice device = StuckDevice.withFiles("data")) {
            String folder = device.folder().toString();
            device.release();
            Command.run("fsfreeze", "-f", folder);
            try (AioWork work = AioWork.start("chown-32", "--device", folder + "/data");
                    Closeable first = () -> Command.run("fsfreeze", "-u", folder)) {
                assertThat(first).isNotNull();
                agent.readUntil(
                        "it waits",
                        () -> Host.read("/proc/" + work.pid() + "/stack")
                                .orElse("")
                                .contains("fchown"));
                assertThat(Host.read("/proc/" + work.pid() + "/syscall").orElse(""))
                        .startsWith("207 ");
                assertThat(inProgress(work.pid())).isEmpty();
            }
        }
    }
}
