package dev.aioscope.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerTest {
    private static final long DEADLINE_MILLIS = 10_000;

    @ParameterizedTest
    @ValueSource(classes = {IllegalStateException.class, StackOverflowError.class, java.io.IOException.class})
    void repeatsStepAfterFailureAndCountsIt(Class<? extends Throwable> type) throws Exception {
        AtomicInteger calls = new AtomicInteger();
        CountDownLatch recovered = new CountDownLatch(1);
        Throwable failure = type.getConstructor(String.class).newInstance("injected");
        Worker worker = Worker.start(type.getSimpleName(), self -> {
            if (calls.incrementAndGet() <= 2) {
                WorkerTest.<RuntimeException>sneak(failure);
            }
            recovered.countDown();
            self.idle();
            new CountDownLatch(1).await();
        });
        try {
            assertThat(recovered.await(DEADLINE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
            assertThat(ErrorBoundary.failures()).containsEntry(type.getSimpleName(), 2L);
            assertThat(Worker.faults()).isEmpty();
        } finally {
            worker.close();
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable failure) throws T {
        throw (T) failure;
    }

    @Test
    void stopsWithinDeadlineWhenClosedDuringStep() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        Worker worker = Worker.start("test", self -> {
            started.countDown();
            new CountDownLatch(1).await();
        });
        started.await();
        worker.close();
        assertThat(worker.join(DEADLINE_MILLIS)).isTrue();
        assertThat(Worker.faults()).isEmpty();
    }

    @Test
    void runsOnceAndEndsWithoutFault() {
        AtomicInteger calls = new AtomicInteger();
        Worker worker = Worker.startOnce("test", self -> calls.incrementAndGet());
        assertThat(worker.join(DEADLINE_MILLIS)).isTrue();
        assertThat(calls).hasValue(1);
        assertThat(Worker.faults()).isEmpty();
    }

    @Test
    void repeatsOnCallingThreadWhileConditionHolds() {
        List<Integer> steps = new ArrayList<>();
        Worker.run("test", () -> steps.size() < 3, self -> {
            steps.add(steps.size());
            throw new IllegalStateException("injected");
        });
        assertThat(steps).containsExactly(0, 1, 2);
    }

    @Test
    void poolSurvivesTaskThatFails() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(1, Worker.factory("pool"));
        try {
            pool.execute(() -> {
                throw new StackOverflowError("injected");
            });
            assertThat(pool.submit(() -> Thread.currentThread().getName()).get(10, TimeUnit.SECONDS))
                    .isEqualTo("aioscope-pool");
            assertThat(ErrorBoundary.failures()).containsEntry("pool", 1L);
            assertThat(Worker.faults()).isEmpty();
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void supplyCompletesWithValueOrFailure() {
        assertThat(Worker.supply("value", () -> 1).join()).isEqualTo(1);
        CompletableFuture<Integer> failure = Worker.supply("no-value", () -> {
            throw new java.io.IOException("injected");
        });
        assertThatThrownBy(failure::join).hasRootCauseMessage("injected");
        assertThat(ErrorBoundary.failures()).containsEntry("value", 0L).containsEntry("no-value", 1L);
        assertThat(Worker.faults()).isEmpty();
    }
}
