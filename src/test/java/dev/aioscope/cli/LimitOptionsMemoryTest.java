package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.config.Setting;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.Trigger;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.host.Processes;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Limits;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Heap;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Compares the memory of full tables with the settings that document it. */
class LimitOptionsMemoryTest {
    private static final LifecycleListener NOBODY = new LifecycleListener() {};
    private static final int MANY = 16_384;

    private static long documented(String name) {
        Setting setting = RunCommand.SETTINGS.all().stream()
                .filter(candidate -> candidate.name().equals(name))
                .findFirst()
                .orElseThrow();
        Matcher bytes = Pattern.compile("(\\d+) bytes").matcher(setting.meaning());
        assertThat(bytes.find()).as(setting.meaning()).isTrue();
        return Long.parseLong(bytes.group(1));
    }

    private static Event event(EventBuilder builder) {
        ByteBuffer record = builder.build();
        return Event.of(record, 0, record.capacity());
    }

    private static EventBuilder by(EventBuilder builder, int i) {
        return builder.kioctx(i * 4096L)
                .mm(i * 8192L)
                .handle(i * 4096L)
                .task(i, i, "process-" + i)
                .time(i * 1000L);
    }

    @Test
    void usesDocumentedMemoryForContexts() {
        Lifecycle lifecycle = new Lifecycle(NOBODY, Tier.FULL, new Limits(MANY, 64, 64));
        long before = Heap.used();
        // Twice the limit, so that evicted entries must be freed.
        for (int i = 1; i <= 2 * MANY; i++) {
            lifecycle.accept(event(by(EventBuilder.setup(), i)));
        }
        long each = (Heap.used() - before) / MANY;
        assertThat(lifecycle.counters().evictedContexts()).isEqualTo(MANY);
        assertThat(each).isBetween(documented("max-contexts") / 2, documented("max-contexts"));
    }

    @Test
    void usesDocumentedMemoryForTeardownsAndCalls() {
        Lifecycle lifecycle = new Lifecycle(NOBODY, Tier.FULL, new Limits(64, MANY, MANY));
        long before = Heap.used();
        for (int i = 1; i <= 2 * MANY; i++) {
            lifecycle.accept(event(by(EventBuilder.killEnter(Trigger.DESTROY), i)));
        }
        long each = (Heap.used() - before) / MANY;
        long documented = documented("max-teardowns") + documented("max-calls");
        assertThat(lifecycle.counters().evictedTeardowns()).isEqualTo(MANY);
        assertThat(each).isBetween(documented / 2, documented);
    }

    @Test
    void usesDocumentedMemoryForIdentities() {
        try (Processes processes = Processes.ofThisHost(false, MANY)) {
            long before = Heap.used();
            for (int i = 1; i <= 2 * MANY; i++) {
                processes.remember(new IdentityKey(i, i * 1000L, i * 8192L), container(i));
            }
            long each = (Heap.used() - before) / MANY;
            assertThat(processes.of(new Task(MANY, MANY, "x", 0, MANY * 1000L), MANY * 8192L))
                    .isEqualTo(Identity.UNKNOWN);
            assertThat(processes.of(new Task(MANY + 1, 1, "x", 0, (MANY + 1) * 1000L), (MANY + 1) * 8192L))
                    .isEqualTo(container(MANY + 1));
            assertThat(each).isBetween(documented("max-identities") / 2, documented("max-identities"));
        }
    }

    /** An identity as the helper reports it, without a command line. */
    private static Identity container(int i) {
        String id = String.format("%064x", i);
        return new Identity(
                "thread-" + i,
                "/usr/sbin/program-" + i,
                List.of(),
                false,
                "user-" + i,
                "group",
                "/kubepods.slice/kubepods-burstable.slice/cri-containerd-" + id + ".scope",
                Namespaces.HOST);
    }

    @Test
    void usesDocumentedMemoryForQueuedEvents() {
        CountDownLatch held = new CountDownLatch(1);
        LifecycleListener slow = new LifecycleListener() {
            @Override
            public void onTeardown(Teardown teardown) {
                try {
                    held.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        try (ListenerQueue queue = new ListenerQueue(slow, MANY)) {
            long before = Heap.used();
            for (int i = 0; i < 2 * MANY; i++) {
                queue.onTeardown(TeardownBuilder.busy().build());
            }
            long each = (Heap.used() - before) / MANY;
            assertThat(queue.dropped()).isGreaterThanOrEqualTo(MANY - 1);
            assertThat(each).isBetween(documented("max-queued-events") / 2, documented("max-queued-events"));
            held.countDown();
        }
    }
}
