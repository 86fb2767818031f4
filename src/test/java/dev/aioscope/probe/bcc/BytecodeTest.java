package dev.aioscope.probe.bcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BytecodeTest {
    private static final byte[] WHOLE = new Bytecode(
                    "/usr/lib/libbcc.so.0\n1\n2",
                    Map.of("kprobe_kill_ioctx", new long[] {1, -2, 0x95}, "iter_contexts", new long[] {0x95}),
                    List.of("events", "losses"),
                    Map.of("kill_ioctx", 77))
            .bytes();

    @Test
    void decodesWhatItEncodes() throws IOException {
        Bytecode read = Bytecode.of(WHOLE);
        Map<String, long[]> programs = read.programs();

        assertThat(read.libbcc()).isEqualTo("/usr/lib/libbcc.so.0\n1\n2");
        assertThat(programs).containsOnlyKeys("kprobe_kill_ioctx", "iter_contexts");
        assertThat(programs.get("kprobe_kill_ioctx")).containsExactly(1, -2, 0x95);
        assertThat(read.maps()).containsExactly("events", "losses");
        assertThat(read.functions()).containsExactly(Map.entry("kill_ioctx", 77));
    }

    @Test
    void rejectsTruncatedFile() {
        for (int length = 0; length < WHOLE.length; length++) {
            byte[] cut = Arrays.copyOf(WHOLE, length);
            assertThatThrownBy(() -> Bytecode.of(cut)).as("%d bytes", length).isInstanceOf(IOException.class);
        }
    }

    @Test
    void rejectsAnyChangedByte() {
        for (int seed = 0; seed < 50_000; seed++) {
            Random random = new Random(seed);
            byte[] damaged = WHOLE.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 + random.nextInt(255));
            assertThatThrownBy(() -> Bytecode.of(damaged)).as("seed %d", seed).isInstanceOf(IOException.class);
        }
    }
}
