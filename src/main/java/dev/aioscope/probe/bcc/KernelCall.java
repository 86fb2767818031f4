package dev.aioscope.probe.bcc;

/**
 * A call of a function of the kernel, other than its helpers. libbcc knows no such calls: in the source it is a helper with
 * the number that {@code KERNEL_FUNCTION} of {@code probes/engine.h} makes of the function's number in the kernel's BTF.
 */
final class KernelCall {
    private static final long CALL = 0x85;
    private static final long CALL_OF_KERNEL_FUNCTION = 2 << 12;
    private static final long MARK = 0x40000000L << 32;

    private KernelCall() {}

    /** Makes calls of functions of the calls of such helpers, in place, and returns the same array. */
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
