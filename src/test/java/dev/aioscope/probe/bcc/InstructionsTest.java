package dev.aioscope.probe.bcc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Which instructions from libbcc change before the load, and which do not. */
class InstructionsTest {
    private static final long EXIT = 0x95;
    private static final long LOAD_INTO_R3 = 0x318;

    /** Like MAP_CONSTANT of engine.h: mark, value, type, sizes of key and value, number, entries. */
    private static long[] loadOf(long value, long type, long key, long size, long number, long entries) {
        long constant = 0xa105L << 48 | value << 47 | type << 41 | key << 36 | size << 25 | number << 21 | entries;
        return new long[] {LOAD_INTO_R3 | constant << 32, constant >>> 32 << 32};
    }

    @Test
    void readsMapConstant() {
        long[] map = loadOf(0, 27, 0, 0, 2, 1024 * 1024);
        assertThat(MapConstant.isAt(map, 0)).isTrue();
        assertThat(MapConstant.at(map, 0)).isEqualTo(new MapConstant(2, false, 27, 0, 0, 1024 * 1024));

        long[] value = loadOf(1, 2, 31, 2047, 15, 1);
        assertThat(MapConstant.at(value, 0)).isEqualTo(new MapConstant(15, true, 2, 31, 16376, 1));
    }

    @Test
    void replacesConstantByDescriptor() {
        long[] map = loadOf(0, 1, 8, 32, 1, 4096);
        MapConstant.at(map, 0).replace(map, 0, 77);
        // BPF_PSEUDO_MAP_FD is 1; the register is unchanged.
        assertThat(map).containsExactly(LOAD_INTO_R3 | 1 << 12 | 77L << 32, 0);

        long[] value = loadOf(1, 2, 4, 96, 0, 1);
        MapConstant.at(value, 0).replace(value, 0, 78);
        assertThat(value).containsExactly(LOAD_INTO_R3 | 2 << 12 | 78L << 32, 0);
    }

    @Test
    void findsNoMapInOtherInstructions() {
        assertThat(MapConstant.isAt(new long[] {LOAD_INTO_R3, 0xa104L << 48}, 0))
                .isFalse();
        assertThat(MapConstant.isAt(new long[] {EXIT, 0xa105L << 48}, 0)).isFalse();
        assertThat(MapConstant.isAt(new long[] {LOAD_INTO_R3}, 0)).isFalse();
    }

    @Test
    void completesCallOfKernelFunction() {
        long helper = 0x85 | 14L << 32;
        long call = 0x85 | 0x40000000L << 32 | 71354L << 32;
        long data = 0x40000000L << 32 | 0x85;
        long[] instructions = {helper, call, LOAD_INTO_R3, data, EXIT};

        // BPF_PSEUDO_KFUNC_CALL is 2; the second half of a load is not an instruction.
        assertThat(KernelCall.complete(instructions))
                .containsExactly(helper, 0x85 | 2 << 12 | 71354L << 32, LOAD_INTO_R3, data, EXIT);
    }
}
