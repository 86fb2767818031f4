package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Errno;
import org.junit.jupiter.api.Test;

class HintsTest {
    @Test
    void namesTrampolinesAsReasonOnArm64Only() {
        assertThat(Hints.trampolines(Errno.ENOTSUPP, "aarch64"))
                .contains("arm64", "6.4")
                .doesNotContain("CONFIG_");
        assertThat(Hints.trampolines(Errno.ENOTSUPP, "x86_64")).contains("CONFIG_FUNCTION_TRACER");
        assertThat(Hints.trampolines(Errno.ENOENT, "aarch64")).contains("CONFIG_FUNCTION_TRACER");
    }
}
