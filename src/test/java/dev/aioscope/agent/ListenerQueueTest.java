package dev.aioscope.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.LifecycleListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ListenerQueueTest {
    private final List<Long> received = new CopyOnWriteArrayList<>();
    private final CountDownLatch release = new CountDownLatch(1);
    private final CountDownLatch busy = new CountDownLatch(1);

    private final LifecycleListener slow = new LifecycleListener() {
        @Override
        public void onSetup(Context context) {
            busy.countDown();
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            received.add(context.generation());
        }
    };

    private static Context context(long generation) {
        return Context.of(generation, 0, 0, 0);
    }

    @Test
    void countsDroppedEventsInsteadOfBlockingReader() throws Exception {
        try (ListenerQueue queue = new ListenerQueue(slow, 2)) {
            queue.onSetup(context(1));
            busy.await();
            // The listener blocks on the first event: the queue holds two, drops the others, and no call blocks.
            for (long generation = 2; generation <= 10; generation++) {
                queue.onSetup(context(generation));
            }
            assertThat(queue.dropped()).isEqualTo(7);
            release.countDown();
        }
        assertThat(received).containsExactly(1L, 2L, 3L);
    }

    @Test
    void closesDespiteHangingListener() throws Exception {
        ListenerQueue queue = new ListenerQueue(slow, 2);
        queue.onSetup(context(1));
        busy.await();
        queue.onSetup(context(2));
        queue.close();
        assertThat(received).isEmpty();
        assertThat(queue.dropped()).as("queued and not delivered").isEqualTo(1);
    }

    @Test
    void keepsDeliveringAfterListenerThrows() {
        LifecycleListener failing = new LifecycleListener() {
            @Override
            public void onSetup(Context context) {
                received.add(context.generation());
                throw new IllegalStateException("injected");
            }
        };
        try (ListenerQueue queue = new ListenerQueue(failing, 8)) {
            for (long generation = 1; generation <= 3; generation++) {
                queue.onSetup(context(generation));
            }
        }
        assertThat(received).containsExactly(1L, 2L, 3L);
    }
}
