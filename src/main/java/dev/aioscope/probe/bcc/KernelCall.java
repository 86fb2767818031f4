package dev.aioscope.probe.bcc;

/**
 * A call of a kernel function that is not a BPF helper. libbcc does not support such calls: the source calls a helper whose
 * number {@code KERNEL_FUNCTION} of {@code probes/engine.h} makes from the function's number in BTF.
 */
final class KernelCall {
    private static final long CALL = 0x85;
    private static final long CALL_OF_KERNEL_FUNCTION = 2 << 12;
    private static final long MARK = 0x40000000L << 32;

    private KernelCall() {}

    /** Replaces the calls of such helpers by calls of functions in place; returns the same array. */
    static long[] complete(long[] instructions) {
        for (int at = 0; at < instructions.length; at += MapConstant.isLoad(instructions[at]) ? 2 : 1) {
            long instruction = instructions[at];
            if ((instruction & 0xffff_ffffL) == CALL && (instruction & MARK) != 0) {
                instructions[at] = (instruction & ~MARK) | CALL_OF_KERNEL_FUNCTION;
            }
        }
        return instructions;
    }
}
