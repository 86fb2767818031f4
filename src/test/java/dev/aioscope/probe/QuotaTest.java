package dev.aioscope.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuotaTest {
    @ParameterizedTest
    @CsvSource({
        "100,    65536,                65436,                0.00152587890625, headroom 65436",
        "65536,  65536,                0,                    1,                headroom 0",
        "100,    50,                   -50,                  2,                headroom -50",
        "0,      70368744177663,       70368744177663,       0,                headroom 70368744177663",
        "128,    70368744177664,       70368744177536,       1.8189894035458565E-12, no limit",
        "1000,   9223372036854775807,  9223372036854774807,  1.0842021724855044E-16, no limit",
        "1000,   9223372036854775808,  9223372036854774808,  1.0842021724855044E-16, no limit",
        "1000,   18446744073709551615, 18446744073709550615, 5.421010862427522E-17,  no limit",
        "18446744073709551615, 18446744073709551615, 0,      1,                no limit",
        "18446744073709551615, 65536, -18446744073709486079, 2.81474976710656E14,    headroom -18446744073709486079",
    })
    void computesHeadroomAndUtilizationAtEverySize(
            BigInteger used, BigInteger limit, BigInteger headroom, double utilization, String text) {
        Quota quota = new Quota(0, used, limit);

        assertThat(quota.headroom()).isEqualTo(headroom);
        assertThat(quota.utilization()).isCloseTo(utilization, Percentage.withPercentage(1e-9));
        assertThat(quota.headroomText()).isEqualTo(text);
    }

    @Test
    void omitsWhatIsUnknown() {
        assertThat(Quotas.of(null, 1000).utilization()).isNull();
        assertThat(Quotas.of(100, null).utilization()).isNull();
        assertThat(Quotas.of(0, 0).utilization()).isNull();
        assertThat(Quotas.of(100, null).headroom()).isNull();
        assertThat(Quotas.of(100, null).isUnlimited()).isFalse();
        assertThat(Quotas.of(100, null).headroomText()).isEqualTo("headroom –");
    }
}
