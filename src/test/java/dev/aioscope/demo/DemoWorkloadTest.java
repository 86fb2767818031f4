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

/** The workload against the running kernel; it fails where a call does not return what the demonstration says. */
class DemoWorkloadTest {
    private final List<String> said = new ArrayList<>();

    @TempDir
    private Path folder;

    /** The process that leaves its contexts to its exit. */
    static final class LeaveToExit {
        private LeaveToExit() {}

        public static void main(String[] args) throws IOException {
            DemoWorkload.leaveToExit();
        }
    }

    private static List<String> child(Class<?> main) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return List.of(java, "-cp", System.getProperty("java.class.path"), main.getName());
    }

    @Test
    void theWorkloadDoesWhatItSaysAndLeavesNothingBehind() throws Exception {
        DemoWorkload.Truth truth = new DemoWorkload(folder, child(LeaveToExit.class)).run(said::add);

        assertThat(truth).isEqualTo(new DemoWorkload.Truth(10, 7, 3, 1, 2));
        assertThat(said).hasSize(7);
        assertThat(folder).isEmptyDirectory();
        // Every context of the workload is gone: a handle that io_setup gives now is the only one.
        long[] handle = new long[1];
        assertThat(Aio.setup(1, handle)).isZero();
        assertThat(Aio.destroy(handle[0])).isZero();
    }

    @Test
    void aProcessThatFailsInsteadOfExitingIsAnError() {
        assertThatThrownBy(() -> new DemoWorkload(folder, List.of("false")).run(said::add))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("the process that exits returned 1");
    }
}
