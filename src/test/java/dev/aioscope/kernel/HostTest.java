package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class HostTest {
    /** A number in /proc/sys is only given to the first read, which must be large enough. */
    @Test
    void readsKernelNumbersCompletely() throws Exception {
        Process cat = new ProcessBuilder("cat", "/proc/sys/fs/aio-max-nr").start();
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(cat.getInputStream(), StandardCharsets.US_ASCII))) {
            assertThat(Host.aioMaxNr()).contains(new BigInteger(reader.readLine()));
        }
        assertThat(Host.aioMaxNr().orElseThrow())
                .isGreaterThanOrEqualTo(Host.aioNr().orElseThrow());
    }

    @Test
    void returnsEmptyForMissingFile() {
        assertThat(Host.read("/proc/sys/fs/no-such-number")).isEmpty();
    }

    @Test
    void findsTopmostRootInMountinfo() {
        String host = "23 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n24 23 0:22 / /proc rw - proc proc rw\n";
        String container = "99 98 0:51 / / rw - overlay overlay rw,lowerdir=/a\n";

        assertThat(Host.root(host)).contains("254:0 /");
        assertThat(Host.root(host + container)).contains("0:51 /");
        assertThat(Host.root("24 23 0:22 / /proc rw - proc proc rw\n")).isEmpty();
    }

    @Test
    void countsAllPossibleCpus() {
        assertThat(Host.possibleCpus())
                .isGreaterThanOrEqualTo(Runtime.getRuntime().availableProcessors());
    }
}
