package dev.aioscope.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.host.Identity;
import dev.aioscope.host.Processes;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class IdentityCollectorTest {
    /** Larger than any process id. */
    private static final int NO_PID = 1 << 22;

    private final AtomicInteger reported = new AtomicInteger();
    private final LifecycleListener next = new LifecycleListener() {
        @Override
        public void onSetup(Context context) {
            reported.incrementAndGet();
        }
    };

    private static Context context(int generation, int pid, long start) {
        return Context.of(generation, 1, 1, 4096)
                .withSize(1, 1)
                .withOwner(new Task(pid, pid, "p", 0, start))
                .withSetup(null, 1L, null);
    }

    private static void awaitUnidentified(IdentityCollector collector, long count) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (collector.unidentified() < count && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(collector.unidentified()).isEqualTo(count);
    }

    @Test
    void neverBlocksListenerOnTenThousandShortLivedProcesses() throws Exception {
        try (Processes processes = Processes.rateLimited(false, Processes.DEFAULT_CAPACITY);
                IdentityCollector collector = new IdentityCollector(processes, next)) {
            for (int i = 0; i < 10_000; i++) {
                collector.onSetup(context(i, NO_PID + i, 1));
            }
            assertThat(reported).as("forwarded at once").hasValue(10_000);
            awaitUnidentified(collector, 10_000);
        }
    }

    @Test
    void identifiesProcessOfNewContextUnasked() throws Exception {
        int pid = (int) ProcessHandle.current().pid();
        String stat = Files.readString(Path.of("/proc/self/stat"));
        long start = Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]) * 10_000_000;
        try (Processes processes = Processes.rateLimited(true, Processes.DEFAULT_CAPACITY);
                IdentityCollector collector = new IdentityCollector(processes, next)) {
            Context context = context(1, pid, start);
            assertThat(processes.isKnown(context)).isFalse();
            collector.onFound(context);
            collector.onSetup(context(2, NO_PID, 1));
            awaitUnidentified(collector, 1);

            assertThat(processes.isKnown(context)).as("is not read again").isTrue();
            Identity identity = processes.of(context.owner(), context.mm(), false);
            assertThat(identity.executable()).endsWith("java");
            assertThat(identity.hidesArguments()).isTrue();
            assertThat(identity.arguments()).hasSize(1);
        }
    }
}
