package dev.aioscope.guest;

import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/**
 * Marks failures of tests during which the kernel skipped probe programs, by its own counter: events that such a test
 * expects cannot have been observed. That is rare, and normal on a preemptible kernel; {@link LabIT} runs these tests
 * again.
 */
public final class SkippedPrograms implements BeforeEachCallback, TestExecutionExceptionHandler {
    /** The prefix of the failures of such tests. */
    static final String MESSAGE = "the kernel skipped probe programs during this test: ";

    private static final Namespace NAMESPACE = Namespace.create(SkippedPrograms.class);

    @Override
    public void beforeEach(ExtensionContext test) {
        test.getStore(NAMESPACE).put("before", TestAgent.missedByAll());
    }

    @Override
    public void handleTestExecutionException(ExtensionContext test, Throwable failure) throws Throwable {
        long skipped = TestAgent.missedByAll() - test.getStore(NAMESPACE).getOrDefault("before", Long.class, 0L);
        if (skipped > 0 && !(failure instanceof TestAbortedException)) {
            throw new AssertionError(MESSAGE + skipped, failure);
        }
        throw failure;
    }
}
