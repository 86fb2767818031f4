package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenBucketTest {
    private long now;
    private final TokenBucket bucket = new TokenBucket(() -> now, 100, 4);

    @Test
    void allowsShareOfTimePlusSavings() {
        assertThat(bucket.isAvailable()).isTrue();
        now += 90;
        bucket.consume();
        assertThat(bucket.isAvailable()).isTrue();
        now += 50;
        bucket.consume();
        assertThat(bucket.isAvailable()).as("overdrawn by 40").isFalse();
        now += 160;
        assertThat(bucket.isAvailable()).isFalse();
        now += 4;
        assertThat(bucket.isAvailable()).isTrue();
    }

    @Test
    void limitsSavingsToCapacity() {
        now += 1_000_000;
        assertThat(bucket.isAvailable()).isTrue();
        now += 100;
        bucket.consume();
        assertThat(bucket.isAvailable()).isFalse();
    }
}
