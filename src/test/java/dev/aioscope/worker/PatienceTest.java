package dev.aioscope.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PatienceTest {
    private static final CompletableFuture<String> NEVER = new CompletableFuture<>();

    private final Patience<String> brief = new Patience<>(Duration.ofMillis(1), "-");
    private final Patience<String> endless = new Patience<>(Duration.ofDays(1), "-");

    @Test
    void waitsOnlyForFirstMissingAnswer() {
        endless.report(false);
        for (int i = 0; i < 1000; i++) {
            assertThat(endless.await(NEVER)).as("would wait a day").isEqualTo("-");
        }
        assertThat(brief.await(NEVER)).isEqualTo("-");
    }

    @Test
    void waitsAgainAfterAnswer() {
        endless.report(false);
        endless.report(true);
        CompletableFuture<String> answer = new CompletableFuture<>();
        Worker.startOnce("answers", self -> answer.complete("yes"));

        assertThat(endless.await(answer)).isEqualTo("yes");
    }
}
