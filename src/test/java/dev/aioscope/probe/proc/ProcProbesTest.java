package dev.aioscope.probe.proc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.probe.ProbeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ProcProbesTest {
    private static final int THIS = (int) ProcessHandle.current().pid();

    /** Never comes back from the process that asks it. */
    static final class Hanging {
        public static void main(String[] arguments) throws InterruptedException {
            long agent = ProcessHandle.current().parent().orElseThrow().pid();
            ProcReader reader = new ProcReader(ByteBuffer.allocateDirect(RingHeader.SIZE));
            HelperProcess.serve(
                    "ready", question -> question.startsWith(agent + " ") ? hang() : reader.answer(question));
        }

        private static String hang() {
            try {
                TimeUnit.MINUTES.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return "";
        }
    }

    /** Does not speak as a reader should. */
    static final class Babbling {
        public static void main(String[] arguments) throws InterruptedException {
            HelperProcess.serve("ready", question -> question.startsWith("1 ") ? "whole ?!" : "perhaps AAAA");
        }
    }

    @Test
    @Timeout(60)
    void skipsProcessThatIsNotReadInTime() {
        try (ProcProbes probes = new ProcProbes(Hanging.class, Duration.ofSeconds(3), 2)) {
            assertThat(probes.inventory(event -> {}).partial()).containsExactly(THIS);
            // Later scans skip it: another question would cost another reader.
            long reader = reader();
            assertThat(probes.inventory(event -> {}).partial()).containsExactly(THIS);
            assertThat(reader()).isEqualTo(reader);
        }
    }

    /** The child that was started last. */
    private static long reader() {
        return ProcessHandle.current()
                .children()
                .mapToLong(ProcessHandle::pid)
                .max()
                .orElseThrow();
    }

    @Test
    @Timeout(60)
    void reportsProcessWithInvalidAnswerAsPartial() {
        try (ProcProbes probes = new ProcProbes(Babbling.class, Duration.ofSeconds(3), 2)) {
            assertThat(probes.inventory(event -> {}).partial()).contains(THIS, 1);
            assertThat(probes.losses().total()).isZero();
        }
    }

    @Test
    void failsWhenReaderDoesNotStart() {
        try (ProcProbes probes = new ProcProbes(ProcProbesTest.class, Duration.ofSeconds(3), 2)) {
            assertThatThrownBy(() -> probes.inventory(event -> {}))
                    .isInstanceOf(ProbeException.class)
                    .hasMessageContaining("cannot start the reader of /proc");
        }
    }

    @Test
    @Timeout(60)
    void endsAwaitAtWakeup() {
        try (ProcProbes probes = new ProcProbes(Hanging.class, Duration.ofSeconds(3), 2)) {
            probes.wakeup();
            probes.await(Integer.MAX_VALUE);
        }
    }
}
