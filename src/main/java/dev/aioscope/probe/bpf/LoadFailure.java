package dev.aioscope.probe.bpf;

import dev.aioscope.kernel.Errno;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why the programs could not be loaded.
 *
 * @param program the one that failed; null if it was something else, a map for example
 * @param errno the kernel's answer, positive
 * @param reason a sentence with it, and the last useful lines of the verifier if it was the verifier
 */
public record LoadFailure(@Nullable String program, int errno, String reason) {
    private static final int USEFUL_LINES = 5;

    /** The kernel's answer with the last useful lines of the verifier, if there are any. */
    public static String withVerifier(int errno, List<String> verifier) {
        if (verifier.isEmpty()) {
            return Errno.describe(errno);
        }
        List<String> last = verifier.subList(Math.max(0, verifier.size() - USEFUL_LINES), verifier.size());
        return Errno.describe(errno) + "; the verifier said:\n    " + String.join("\n    ", last);
    }
}
