package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

class AgentMetricsTest {
    @Test
    void multipliesResidentPagesByPageSize() {
        assertThat(AgentMetrics.residentBytes("900 12 3 1 0 50 0", 65_536)).contains(BigInteger.valueOf(786_432));
        assertThat(AgentMetrics.residentBytes("900 12 3 1 0 50 0", 4096)).contains(BigInteger.valueOf(49_152));
    }

    @Test
    void omitsMemoryOfUnreadableStatm() {
        assertThat(AgentMetrics.residentBytes("", 4096)).isEmpty();
        assertThat(AgentMetrics.residentBytes("900 x", 4096)).isEmpty();
    }
}
