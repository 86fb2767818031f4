package dev.aioscope.probe;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a self-test of attached probes found.
 *
 * @param silent the attach points that did not fire, without a mode, each with the reason
 * @param obstacle why the test proves nothing; null if it does
 */
public record SelfTestResult(
        List<AttachPoint> silent, @Nullable String obstacle) {
    /** All that can be tested fires. */
    public static final SelfTestResult PASSED = new SelfTestResult(List.of(), null);

    /** Copies the list. */
    public SelfTestResult {
        silent = List.copyOf(silent);
    }
}
