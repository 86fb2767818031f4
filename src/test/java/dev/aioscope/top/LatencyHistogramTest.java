package dev.aioscope.top;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatencyHistogramTest {
    @Test
    void hasNoPercentileWhenEmpty() {
        assertThat(new LatencyHistogram().percentile(0.5)).isNull();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.01, 0.5, 0.9, 0.99, 1})
    void percentileIsWithinErrorBound(double share) {
        Random random = new Random(4);
        long[] all = random.doubles(10_000, 3.3, 12)
                .mapToLong(power -> (long) Math.pow(10, power))
                .toArray();
        LatencyHistogram latencies = new LatencyHistogram();
        Arrays.stream(all).forEach(latencies::add);
        Arrays.sort(all);

        long exact = all[(int) Math.max(0, Math.ceil(share * all.length) - 1)];
        assertThat(latencies.percentile(share)).isCloseTo(exact, Percentage.withPercentage(6.3));
    }

    @Test
    void percentileNeverExceedsMaximum() {
        LatencyHistogram latencies = new LatencyHistogram();
        latencies.add(30_000_001);

        assertThat(latencies.percentile(0.99))
                .isLessThanOrEqualTo(30_000_001L)
                .isCloseTo(30_000_001L, within(2_000_000L));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1023, Long.MAX_VALUE, 1L << 42})
    void countsValuesOutsideRange(long nanos) {
        LatencyHistogram latencies = new LatencyHistogram();
        latencies.add(nanos);

        assertThat(latencies.percentile(1)).isNotNull().isLessThanOrEqualTo(Math.max(nanos, 1100));
    }

    @Test
    void addsHistograms() {
        LatencyHistogram one = new LatencyHistogram();
        LatencyHistogram other = new LatencyHistogram();
        one.add(1_000_000);
        other.add(1_000_000_000);
        other.add(1_000_000_000);
        one.add(other);

        assertThat(one.percentile(0.33)).isCloseTo(1_000_000L, Percentage.withPercentage(6.3));
        assertThat(one.percentile(0.34)).isCloseTo(1_000_000_000L, Percentage.withPercentage(6.3));
    }
}
