package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import org.junit.jupiter.api.Test;

class GarbageTest {
    @Test
    void collectsMuchGarbage() {
        Garbage garbage = new Garbage();
        garbage.collect();
        WeakReference<byte[]> much = new WeakReference<>(new byte[8_000_000]);
        garbage.collectIfGrown();
        assertThat(much.get()).isNull();
    }
}
