package dev.aioscope.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.worker.ErrorBoundary;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuardedListenerTest {
    private static final UserStack STACK = new UserStack(1, new long[] {1});

    @Test
    void failureOfOneListenerReachesNeitherOthersNorCaller() {
        List<String> received = new ArrayList<>();
        ForwardingListener listeners = ForwardingListener.to(
                GuardedListener.of("failing-listener", (ForwardingListener) report -> {
                    throw new StackOverflowError("injected");
                }),
                GuardedListener.of("working-listener", (ForwardingListener) report -> received.add("report")));
        listeners.onStack(STACK);
        listeners.onStack(STACK);
        assertThat(received).containsExactly("report", "report");
        assertThat(ErrorBoundary.failures())
                .containsEntry("failing-listener", 2L)
                .containsEntry("working-listener", 0L);
    }
}
