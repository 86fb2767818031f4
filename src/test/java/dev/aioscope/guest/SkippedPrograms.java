package dev.aioscope.guest;

import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/**
 * Says of a failed test whether the kernel had skipped a program of the probes during it, by its own count: what such a test
 * expects to have been seen cannot have been. That is rare, and on a preemptible kernel it is nobody's fault; {@link LabIT}
 * runs such a test again.
 */
public final class SkippedPrograms implements BeforeEachCallback, TestExecutionExceptionHandler {
    /** What the failures of such tests begin with. */
    static final String TOLD = "the kernel has skipped programs during this test: ";

    private static final Namespace OURS = Namespace.create(SkippedPrograms.class);

    @Override
    public void beforeEach(ExtensionContext test) {
        test.getStore(OURS).put("before", TestAgent.missedByAll());
    }

    @Override
    public void handleTestExecutionException(ExtensionContext test, Throwable failure) throws Throwable {
        long skipped = TestAgent.missedByAll() - test.getStore(OURS).getOrDefault("before", Long.class, 0L);
        if (skipped > 0 && !(failure instanceof TestAbortedException)) {
            throw new AssertionError(TOLD + skipped, failure);
        }
        throw failure;
    }
}
