package dev.aioscope.lifecycle;

import org.jspecify.annotations.Nullable;

/** A handle in its address space. */
record HandleKey(long mm, long handle) {
    // The generated methods take longer with C1.

    @Override
    public int hashCode() {
        return Long.hashCode(31 * mm + handle);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof HandleKey key && key.mm == mm && key.handle == handle;
    }
}
