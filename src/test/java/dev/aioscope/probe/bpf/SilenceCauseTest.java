package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.probe.AttachPoint.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SilenceCauseTest {
    @TempDir
    private Path root;

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text + "\n");
    }

    private String reason(Mode mode) {
        return SilenceCause.of(mode, root.toString()).reason();
    }

    @Test
    void namesTheSwitchThatIsOff() throws IOException {
        write("proc/sys/kernel/ftrace_enabled", "0");
        assertThat(reason(Mode.FENTRY)).isEqualTo("kernel.ftrace_enabled is 0");
        assertThat(reason(Mode.KRETPROBE)).isEqualTo("kernel.ftrace_enabled is 0");
        assertThat(reason(Mode.TRACEPOINT)).isEqualTo("the kernel shows no cause");
        write("sys/kernel/debug/kprobes/enabled", "0");
        assertThat(reason(Mode.FEXIT)).isEqualTo("kernel.ftrace_enabled is 0");
        assertThat(reason(Mode.KPROBE)).isEqualTo("kernel.ftrace_enabled is 0 and kprobes are disabled globally");
        assertThat(SilenceCause.of(Mode.KPROBE, root.toString()).hint())
                .isEqualTo("run sysctl kernel.ftrace_enabled=1 and run echo 1 > /sys/kernel/debug/kprobes/enabled");
    }

    @Test
    void namesActiveLivePatchIfAllSwitchesAreOn() throws IOException {
        write("proc/sys/kernel/ftrace_enabled", "1");
        write("sys/kernel/debug/kprobes/enabled", "1");
        write("sys/kernel/livepatch/kpatch_5_10_1/enabled", "1");
        write("sys/kernel/livepatch/unused/enabled", "0");
        assertThat(reason(Mode.KPROBE)).isEqualTo("a live patch may replace the function (kpatch_5_10_1)");
        assertThat(reason(Mode.ITERATOR)).isEqualTo("the kernel shows no cause");
    }

    @Test
    void namesTheSwitchesIfTheKernelShowsNoCause() {
        assertThat(SilenceCause.of(Mode.FENTRY, root.toString()).hint())
                .contains("/proc/sys/kernel/ftrace_enabled")
                .contains("/sys/kernel/debug/kprobes/enabled")
                .contains("/sys/kernel/livepatch");
    }
}
