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
    /** Beyond what a number of a process can be. */
    private static final int NO_PID = 1 << 22;

    private final AtomicInteger told = new AtomicInteger();
    private final LifecycleListener next = new LifecycleListener() {
        @Override
        public void onSetup(Context context) {
            told.incrementAndGet();
        }
    };

    private static Context context(int generation, int pid, long start) {
        return Context.of(generation, 1, 1, 4096)
                .withSize(1, 1)
                .withOwner(new Task(pid, pid, "p", 0, start))
                .withSetup(null, 1L, null);
    }

    private static void awaitUnidentified(IdentityCollector firstSight, long count) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (firstSight.unidentified() < count && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(firstSight.unidentified()).isEqualTo(count);
    }

    @Test
    void neverBlocksListenerOnTenThousandShortLivedProcesses() throws Exception {
        try (Processes processes = Processes.rateLimited(false, Processes.DEFAULT_CAPACITY);
                IdentityCollector firstSight = new IdentityCollector(processes, next)) {
            for (int i = 0; i < 10_000; i++) {
                firstSight.onSetup(context(i, NO_PID + i, 1));
            }
            assertThat(told).as("handed on at once").hasValue(10_000);
            awaitUnidentified(firstSight, 10_000);
        }
    }

    @Test
    void identifiesProcessOfNewContextUnasked() throws Exception {
        int pid = (int) ProcessHandle.current().pid();
        String stat = Files.readString(Path.of("/proc/self/stat"));
        long start = Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]) * 10_000_000;
        try (Processes processes = Processes.rateLimited(true, Processes.DEFAULT_CAPACITY);
                IdentityCollector firstSight = new IdentityCollector(processes, next)) {
            Context context = context(1, pid, start);
            assertThat(processes.isKnown(context)).isFalse();
            firstSight.onFound(context);
            firstSight.onSetup(context(2, NO_PID, 1));
            awaitUnidentified(firstSight, 1);

            assertThat(processes.isKnown(context)).as("is not looked at again").isTrue();
            Identity identity = processes.of(context.owner(), context.mm(), false);
            assertThat(identity.executable()).endsWith("java");
            assertThat(identity.hidesArguments()).isTrue();
            assertThat(identity.arguments()).hasSize(1);
        }
    }
}
