package dev.aioscope.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.LogLines;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;

class ErrorBoundaryTest {
    private final Throwable failure = new IllegalStateException("injected");

    @RegisterExtension
    private final LogLines log = new LogLines(Worker.class);

    private String name = "";
    private ErrorBoundary boundary;

    @BeforeEach
    void prepare(TestInfo test) {
        name = test.getTestMethod().orElseThrow().getName();
        boundary = ErrorBoundary.of(name);
    }

    private static long seconds(long seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }

    /** The faults of this test's boundary. */
    private List<String> faults(long now) {
        return ErrorBoundary.faults(now)
                .filter(fault -> fault.contains(" " + name + " "))
                .toList();
    }

    /** Other tests see the faults of all boundaries. */
    @AfterEach
    void succeed() {
        boundary.succeed();
    }

    @Test
    void returnsResultOrAlternative() {
        assertThat(boundary.call(() -> "result", Throwable::getMessage)).isEqualTo("result");
        String alternative = boundary.call(
                () -> {
                    throw new IllegalStateException("injected");
                },
                Throwable::getMessage);
        assertThat(alternative).isEqualTo("injected");
        boundary.run(() -> {
            throw new StackOverflowError("injected");
        });
        assertThat(ErrorBoundary.failures()).containsEntry(name, 2L);
    }

    @Test
    void countsEachFailureAndLogsOneAMinute() {
        for (int second = 0; second < 180; second++) {
            boundary.fail(failure, seconds(second));
        }
        assertThat(ErrorBoundary.failures()).containsEntry(name, 180L);
        assertThat(log.lines())
                .containsExactly(
                        "Worker " + name + " failed; failures so far: 1",
                        "Worker " + name + " failed; failures so far: 61",
                        "Worker " + name + " failed; failures so far: 121");
    }

    @Test
    void isFaultyWhileItHasOnlyFailedFor30Seconds() {
        boundary.fail(failure, 0);
        boundary.fail(failure, seconds(30));
        assertThat(faults(seconds(30))).isEmpty();
        boundary.fail(failure, seconds(31));
        assertThat(faults(seconds(31)))
                .containsExactly("worker " + name + " has failed for 31 s: java.lang.IllegalStateException: injected");
        boundary.succeed();
        assertThat(faults(seconds(31))).isEmpty();
    }

    @Test
    void isNotFaultyWithoutWorkAfterOneFailure() {
        boundary.fail(failure, 0);
        assertThat(faults(seconds(3600))).isEmpty();
    }

    @Test
    void isNotFaultyAfterFailuresOfWorkThatDoesNotRepeat() {
        boundary.count(failure, 0);
        boundary.count(failure, seconds(3600));
        assertThat(faults(seconds(3600))).isEmpty();
    }

    @Test
    void isFaultyWhileWorkDoesNotFinish() {
        List<String> during = new ArrayList<>();
        boundary.run(() -> {
            during.addAll(faults(System.nanoTime()));
            during.addAll(faults(System.nanoTime() + seconds(40)));
        });
        assertThat(during).containsExactly("worker " + name + " has not finished a step for 40 s");
        assertThat(faults(System.nanoTime() + seconds(40))).isEmpty();
    }
}
