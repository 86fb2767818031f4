package dev.aioscope.probe.bpf;

import com.sun.jna.Pointer;
import dev.aioscope.kernel.Errno;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why the programs did not load.
 *
 * @param program the program that failed; null for another failure, such as a map
 * @param errno of the failure, positive
 * @param reason the error, and the last useful lines of the verifier if it rejected the program
 */
public record LoadFailure(@Nullable String program, int errno, String reason) {
    private static final int USEFUL_LINES = 5;
    private static final int MAX_LENGTH = 1 << 16;

    /** The error with the last useful lines of the verifier, if any. */
    public static String withVerifier(int errno, List<String> verifier) {
        if (verifier.isEmpty()) {
            return Errno.describe(errno);
        }
        List<String> last = verifier.subList(Math.max(0, verifier.size() - USEFUL_LINES), verifier.size());
        return Errno.describe(errno) + "; verifier:\n    " + String.join("\n    ", last);
    }

    /** The last 64 KiB of a text. All of a verifier log, up to 16 MiB, would fill the heap. */
    public static String end(Pointer text, long length) {
        long first = Math.max(0, length - MAX_LENGTH);
        return new String(text.getByteArray(first, (int) (length - first)), StandardCharsets.UTF_8);
    }
}
