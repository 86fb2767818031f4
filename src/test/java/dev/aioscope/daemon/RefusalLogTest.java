package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.kernel.Errno;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Task;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RefusalLogTest {
    private static final long PAUSE = RefusalLog.PAUSE.toNanos();

    private final List<String> lines = new ArrayList<>();
    private @Nullable LimitFile limitFile = new LimitFile("/etc/sysctl.d/a.conf", 3, "65536", false, null);
    private final RefusalLog log = new RefusalLog(() -> limitFile, lines::add);

    private static FailedCall failed(long time, int errno) {
        return failed(time, errno, 65000);
    }

    private static FailedCall failed(long time, int errno, long aioNr) {
        return new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                new Task(7, 8, "d\nb", 0, 0),
                0,
                null,
                time,
                errno,
                null,
                1024,
                BigInteger.valueOf(aioNr),
                BigInteger.valueOf(65536),
                null,
                List.of(),
                null);
    }

    @Test
    void namesFilterAndItsError() {
        log.onFailedCall(failed(0, Errno.EPERM));

        assertThat(lines)
                .containsExactly(
                        "io_setup refused: d?b (PID 7) requested 1024 events, EPERM: a seccomp filter or a tracer"
                                + " refused the call (hint: use a seccomp profile that allows the system calls of native AIO)");
    }

    @Test
    void namesNeededLimitAndItsFile() {
        log.onFailedCall(failed(1, Errno.EINVAL));
        assertThat(lines).isEmpty();

        log.onFailedCall(failed(1, Errno.EAGAIN));
        assertThat(lines)
                .containsExactly("io_setup refused: d?b (PID 7) requested 1024 events, headroom 536"
                        + " (hint: /etc/sysctl.d/a.conf, line 3, sets fs.aio-max-nr to 65536; run sysctl -w"
                        + " fs.aio-max-nr=66024; to keep it, write 'fs.aio-max-nr = 66024' to"
                        + " /etc/sysctl.d/99-aio-max-nr.conf)");
    }

    @Test
    void namesReleaseDuringCallInsteadOfLimit() {
        log.onFailedCall(failed(1, Errno.EAGAIN, 100));

        assertThat(lines)
                .containsExactly("io_setup refused: d?b (PID 7) requested 1024 events; the quota did not suffice, but"
                        + " enough of it was released before the call returned");
    }

    @Test
    void givesNoHintForRecording() {
        limitFile = null;
        log.onFailedCall(failed(1, Errno.EAGAIN));

        assertThat(lines).singleElement().asString().endsWith("headroom 536");
    }

    @Test
    void countsRefusalsBetweenLines() {
        log.onFailedCall(failed(1, Errno.EAGAIN));
        log.onRetry(failed(2, Errno.EAGAIN));
        log.onFailedCall(failed(PAUSE, Errno.EAGAIN));
        assertThat(lines).hasSize(1);

        log.onFailedCall(failed(PAUSE + 1, Errno.EAGAIN));
        log.onFailedCall(failed(2 * PAUSE + 1, Errno.EAGAIN));
        assertThat(lines).hasSize(3);
        assertThat(lines.get(1)).contains("; 2 more refusals since the last line (hint: ");
        assertThat(lines.get(2)).doesNotContain("more refusals");
    }
}
