package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MissedCounterTest {
    private static final int PROGRAM = 5;
    private static final int LINK = 6;

    /** The kernel's numbers by file descriptor. */
    private final Map<Integer, Long> kernel = new HashMap<>();

    private final MissedCounter counter = new MissedCounter(kernel::get, kernel::get);

    @Test
    void includesKprobeThatHasDetached() {
        kernel.put(LINK, 0L);
        counter.addKprobe(LINK);
        kernel.put(LINK, 3L);
        assertThat(counter.total()).isEqualTo(3);

        counter.retire(LINK);
        kernel.remove(LINK);
        assertThat(counter.total()).isEqualTo(3);
    }

    @Test
    void countsOnlyNewMissesOfEventThatAttachesAgain() {
        kernel.put(LINK, 0L);
        counter.addKprobe(LINK);
        kernel.put(LINK, 3L);
        counter.retire(LINK);
        counter.addKprobe(LINK);
        assertThat(counter.total()).isEqualTo(3);

        kernel.put(LINK, 4L);
        assertThat(counter.total()).isEqualTo(4);
    }

    @Test
    void neverFallsWhenKernelResetsOrHidesNumber() {
        kernel.put(LINK, 0L);
        counter.addKprobe(LINK);
        kernel.put(LINK, 3L);
        assertThat(counter.total()).isEqualTo(3);

        kernel.put(LINK, 1L);
        assertThat(counter.total()).isEqualTo(3);

        kernel.remove(LINK);
        counter.retire(LINK);
        assertThat(counter.total()).isEqualTo(3);
    }

    @Test
    void countsProgramOfSeveralAttachPointsOnce() {
        kernel.put(PROGRAM, 2L);
        counter.addProgram(PROGRAM);
        counter.addProgram(PROGRAM);

        assertThat(counter.total()).isEqualTo(2);
    }

    @Test
    void includesCopyThatHasBeenClosed() {
        kernel.put(PROGRAM, 2L);
        counter.addProgram(PROGRAM);
        counter.retire(PROGRAM);
        kernel.put(PROGRAM, 1L);
        counter.addProgram(PROGRAM);

        assertThat(counter.total()).as("the new copy has the same descriptor").isEqualTo(3);
    }

    @Test
    void isAbsentWhileKernelDoesNotCountOne() {
        kernel.put(PROGRAM, 2L);
        counter.addProgram(PROGRAM);
        counter.addKprobe(LINK);
        assertThat(counter.total()).isNull();

        counter.retire(LINK);
        assertThat(counter.total()).isEqualTo(2);
    }
}
