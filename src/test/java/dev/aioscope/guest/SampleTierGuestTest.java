package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Commands;
import java.io.Closeable;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Scans on the lab kernels. */
@Tag("guest")
@Tag("turn2")
class SampleTierGuestTest extends SampleTierTests {
    @Test
    void findsExitThatWaitsForRequests() throws IOException {
        findAnExitThatWaitsForRequests();
    }

    /** On arm64, 64-bit programs cannot make 32-bit calls, and the 32-bit call with that number is exit. */
    @Test
    @EnabledIfSystemProperty(named = "os.arch", matches = "amd64")
    void ignores32BitCallWithNumberOfIoDestroy() throws IOException {
        try (BlockingDevice device = BlockingDevice.withFiles("data")) {
            String folder = device.folder().toString();
            device.release();
            Commands.run("fsfreeze", "-f", folder);
            try (AioWork work = AioWork.start("chown-32", "--device", folder + "/data");
                    Closeable first = () -> Commands.run("fsfreeze", "-u", folder)) {
                assertThat(first).isNotNull();
                agent.readUntil(
                        "the call to block",
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
