package dev.aioscope.guest;

import java.io.IOException;

/** Something that completes no request before it is let go. */
interface Hold extends AutoCloseable {
    /** The file whose reads wait. */
    String path();

    /** Lets its requests go: they complete, or fail. */
    void release() throws IOException;

    /** Takes it away. */
    @Override
    void close() throws IOException;
}
