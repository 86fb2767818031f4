package dev.aioscope.probe.bcc;

/**
 * The constant that describes a map in an instruction: {@code MAP_CONSTANT} of {@code probes/engine.h}.
 *
 * @param number of the map, in the order of the source
 * @param isValue whether it refers to the first value in the map instead of the map
 * @param type BPF_MAP_TYPE_…
 * @param keySize bytes
 * @param valueSize bytes
 * @param entries the maximum number of elements
 */
record MapConstant(int number, boolean isValue, int type, int keySize, int valueSize, int entries) {
    private static final long LOAD_64 = 0x18;
    private static final long MARK = 0xa105;
    /** The source has the size of a value in units of so many bytes. */
    private static final int VALUE_UNIT = 8;

    private static final int MAP_FD = 1;
    private static final int MAP_VALUE = 2;

    /** Whether the instruction at this index and the next one load such a constant. */
    static boolean isAt(long[] instructions, int at) {
        return isLoad(instructions[at]) && at + 1 < instructions.length && instructions[at + 1] >>> 48 == MARK;
    }

    /** Whether this instruction occupies two slots. */
    static boolean isLoad(long instruction) {
        return (instruction & 0xff) == LOAD_64;
    }

    /** The constant that the instruction at this index loads. */
    static MapConstant at(long[] instructions, int at) {
        long high = instructions[at + 1] >>> 32;
        long low = instructions[at] >>> 32;
        return new MapConstant(
                (int) (low >>> 21 & 0xf),
                (high >>> 15 & 1) != 0,
                (int) (high >>> 9 & 0x3f),
                (int) (high >>> 4 & 0x1f),
                (int) ((high & 0xf) << 7 | low >>> 25) * VALUE_UNIT,
                (int) (low & 0x1fffff));
    }

    /** Replaces the constant by the map's file descriptor. */
    void replace(long[] instructions, int at, int fd) {
        long kind = isValue ? MAP_VALUE : MAP_FD;
        instructions[at] = (instructions[at] & 0x0fff) | kind << 12 | (long) fd << 32;
        instructions[at + 1] = 0;
    }
}
