package dev.aioscope.guest;

import java.io.IOException;

/** Completes no request until it is released. */
interface RequestBlocker extends AutoCloseable {
    /** The file whose reads block. */
    String path();

    /** Releases its requests: they complete, or fail. */
    void release() throws IOException;

    /** Releases the requests and removes the file. */
    @Override
    void close() throws IOException;
}
