package dev.aioscope.output;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The output of a command: UTF-8 in every locale, because JSON requires it. Unlike another {@link PrintWriter}, it reports
 * a failed write. Thread-safe.
 */
public final class StandardOutput extends PrintWriter {
    private static final int FAILURE = 1;

    /** As a shell reports the end of a program by SIGPIPE. */
    private static final int CLOSED_PIPE = 141;

    private final Target target;
    private volatile boolean isLive;

    private StandardOutput(Target target) {
        super(target, true, StandardCharsets.UTF_8);
        this.target = target;
    }

    /** The output of this process; failed writes are reported to {@code err}. */
    public static StandardOutput open(PrintWriter err) {
        return to(new FileOutputStream(FileDescriptor.out), err);
    }

    static StandardOutput to(OutputStream stream, PrintWriter err) {
        return new StandardOutput(new Target(stream, err));
    }

    /** Whether a live view cannot write any more. It then ends, and quietly if its reader closed the pipe. */
    public static boolean isLost(PrintWriter out) {
        if (out instanceof StandardOutput output) {
            output.isLive = true;
        }
        return out.checkError();
    }

    /** The exit status of a command that returned {@code status}. */
    public int finish(int status) {
        flush();
        if (target.failure == null) {
            return status;
        }
        if (!target.isReported && !isLive) {
            target.report();
        }
        return status != 0 ? status : target.isReaderGone() ? CLOSED_PIPE : FAILURE;
    }

    /** Remembers the first failure. */
    private static final class Target extends FilterOutputStream {
        private final PrintWriter err;
        private volatile @Nullable IOException failure;
        private volatile boolean isReported;

        Target(OutputStream stream, PrintWriter err) {
            super(stream);
            this.err = err;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                if (failure == null) {
                    failure = e;
                    // A signal can end the JVM before finish() runs. Only finish() knows whether a closed pipe matters.
                    if (!isReaderGone()) {
                        report();
                    }
                }
                throw e;
            }
        }

        private boolean isReaderGone() {
            return failure != null && String.valueOf(failure.getMessage()).contains("Broken pipe");
        }

        private void report() {
            isReported = true;
            err.println("aioscope: cannot write to standard output: " + (failure == null ? "" : failure.getMessage()));
        }
    }
}
