package dev.aioscope.probe;

import dev.aioscope.kernel.HostCause;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why JNA, which calls the C library and libbpf, could not load its native code. */
public final class NativeCode {
    private static final Pattern UNPACKED = Pattern.compile("(/\\S*)/jna\\d+\\.tmp");

    private NativeCode() {}

    /**
     * The cause in the first error, or in a later one of a class that needs it.
     *
     * @throws LinkageError the error itself, if it has nothing to do with native code
     */
    public static HostCauseException failure(LinkageError error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (message.contains(UnsatisfiedLinkError.class.getSimpleName()) || cause instanceof UnsatisfiedLinkError) {
                return new HostCauseException("cannot load native code", cause(message));
            }
        }
        throw error;
    }

    private static HostCause cause(String message) {
        Matcher unpacked = UNPACKED.matcher(message);
        return HostCause.ofShortage(message)
                .orElseGet(() -> message.contains("failed to map segment") && unpacked.find()
                        ? new HostCause(
                                unpacked.group(1) + " does not permit execution (noexec)",
                                "set JAVA_TOOL_OPTIONS=-Djna.tmpdir=DIRECTORY to a directory that does, or install the"
                                        + " package, which needs none")
                        : new HostCause(message, "free space in the temporary directory, or reinstall aioscope"));
    }
}
