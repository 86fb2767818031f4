package dev.aioscope.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class NativeCodeTest {
    private static final String NOEXEC =
            "/var/tmp/jna15869159930301217709.tmp: /var/tmp/jna15869159930301217709.tmp: failed to map segment from"
                    + " shared object";

    @Test
    void namesDirectoryThatDoesNotPermitExecution() {
        HostCauseException failure = NativeCode.failure(new UnsatisfiedLinkError(NOEXEC));

        assertThat(failure).hasMessage("cannot load native code: /var/tmp does not permit execution (noexec)");
        assertThat(failure.hint()).contains("-Djna.tmpdir=");
    }

    /** The second class that needs the native code fails with another error. */
    @Test
    void findsCauseInLaterErrors() {
        LinkageError later = new NoClassDefFoundError("Could not initialize class com.sun.jna.Native");
        later.initCause(new ExceptionInInitializerError(
                "Exception java.lang.UnsatisfiedLinkError: " + NOEXEC + " [in thread \"main\"]"));

        assertThat(NativeCode.failure(later)).hasMessageContaining("/var/tmp does not permit execution");
    }

    @Test
    void namesShortage() {
        assertThat(NativeCode.failure(new UnsatisfiedLinkError(
                        "Failed to create temporary file for /libjnidispatch.so library: Too many open files")))
                .hasMessageContaining("cannot load native code: too many open files");
    }

    @Test
    void keepsOtherErrors() {
        LinkageError bug = new NoClassDefFoundError("dev/aioscope/Missing");

        assertThatThrownBy(() -> NativeCode.failure(bug)).isSameAs(bug);
    }
}
