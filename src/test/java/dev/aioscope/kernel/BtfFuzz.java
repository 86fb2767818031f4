package dev.aioscope.kernel;

import java.nio.ByteBuffer;

/** Whatever stands in a kernel's type information is an answer, or is refused as no BTF. */
public final class BtfFuzz {
    private BtfFuzz() {}

    /** What Jazzer calls. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        try {
            BtfTest.askEverything(Btf.of(ByteBuffer.wrap(bytes)));
        } catch (BtfException e) {
            // It is told apart.
        }
    }

    /** A small one to begin with. */
    public static byte[] seed() {
        return BtfTest.example();
    }
}
