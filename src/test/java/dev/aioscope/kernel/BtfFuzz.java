package dev.aioscope.kernel;

import java.nio.ByteBuffer;

/** Any BTF is either readable or rejected with a BtfException. */
public final class BtfFuzz {
    private BtfFuzz() {}

    /** What Jazzer calls. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        try {
            BtfTest.askEverything(Btf.of(ByteBuffer.wrap(bytes)));
        } catch (BtfException e) {
            // The expected rejection.
        }
    }

    /** A small one to begin with. */
    public static byte[] seed() {
        return BtfTest.example();
    }
}
