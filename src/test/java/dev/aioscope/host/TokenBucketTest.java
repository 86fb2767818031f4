package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenBucketTest {
    private long now;
    private final TokenBucket allowance = new TokenBucket(() -> now, 100, 4);

    @Test
    void aShareOfTheTimeAndWhatWasSavedUpCanBeSpent() {
        assertThat(allowance.isLeft()).isTrue();
        now += 90;
        allowance.spend();
        assertThat(allowance.isLeft()).isTrue();
        now += 50;
        allowance.spend();
        assertThat(allowance.isLeft()).as("40 too much").isFalse();
        now += 160;
        assertThat(allowance.isLeft()).isFalse();
        now += 4;
        assertThat(allowance.isLeft()).isTrue();
    }

    @Test
    void noMoreThanSoMuchIsSavedUp() {
        now += 1_000_000;
        assertThat(allowance.isLeft()).isTrue();
        now += 100;
        allowance.spend();
        assertThat(allowance.isLeft()).isFalse();
    }
}
