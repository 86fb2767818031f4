package dev.aioscope.probe.bcc;

/**
 * The constant that names a map in an instruction, as {@code MAP_CONSTANT} of {@code probes/engine.h} makes it.
 *
 * @param number of the map, in the order of the source
 * @param isValue whether the first value in the map is meant, and not the map
 * @param type BPF_MAP_TYPE_…
 * @param keySize bytes
 * @param valueSize bytes
 * @param entries how many
 */
record MapConstant(int number, boolean isValue, int type, int keySize, int valueSize, int entries) {
    private static final long LOAD_64 = 0x18;
    private static final long MARK = 0xa105;
    private static final int MAP_FD = 1;
    private static final int MAP_VALUE = 2;

    /** Whether the instruction here, and the one after it, load such a constant. */
    static boolean isAt(long[] instructions, int at) {
        return isLoad(instructions[at]) && at + 1 < instructions.length && instructions[at + 1] >>> 48 == MARK;
    }

    /** Whether this instruction takes two places. */
    static boolean isLoad(long instruction) {
        return (instruction & 0xff) == LOAD_64;
    }

    /** The constant that is loaded here. */
    static MapConstant at(long[] instructions, int at) {
        long high = instructions[at + 1] >>> 32;
        long low = instructions[at] >>> 32;
        return new MapConstant(
                (int) (low >>> 21 & 0xf),
                (high >>> 15 & 1) != 0,
                (int) (high >>> 9 & 0x3f),
                (int) (high >>> 4 & 0x1f),
                (int) ((high & 0xf) << 7 | low >>> 25),
                (int) (low & 0x1fffff));
    }

    /** Puts the map's file descriptor in the place of the constant. */
    void replace(long[] instructions, int at, int fd) {
        long kind = isValue ? MAP_VALUE : MAP_FD;
        instructions[at] = (instructions[at] & 0x0fff) | kind << 12 | (long) fd << 32;
        instructions[at + 1] = 0;
    }
}
