package dev.aioscope.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.kernel.Aio;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the workload on this kernel. It fails if a call does not return the expected result. */
class DemoWorkloadTest {
    private final List<String> steps = new ArrayList<>();

    @TempDir
    private Path directory;

    @Test
    void returnsCallsAndLeavesNothingBehind() throws Exception {
        DemoWorkload.Truth truth = new DemoWorkload(directory).run(steps::add);

        assertThat(truth).isEqualTo(new DemoWorkload.Truth(10, 7, 3, 1, 2));
        assertThat(steps).hasSize(7);
        assertThat(directory).isEmptyDirectory();
        // All contexts of the workload are destroyed, so io_setup succeeds.
        long[] handle = new long[1];
        assertThat(Aio.setup(1, handle)).isZero();
        assertThat(Aio.destroy(handle[0])).isZero();
    }

    @Test
    void failsIfChildProcessFails() {
        assertThatThrownBy(() -> new DemoWorkload(directory, List.of("false")).run(steps::add))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("the process that exits returned 1");
    }
}
