package dev.aioscope.probe.proc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.probe.proc.Owners.Owner;
import org.junit.jupiter.api.Test;

class OwnersTest {
    private static final long RING = 66051;
    private static final Owner PARENT = new Owner(100, 1_000);
    private static final Owner CHILD = new Owner(101, 2_000);

    private final Owners owners = new Owners();

    private void scan(Owner... found) {
        owners.beginScan();
        for (Owner each : found) {
            owners.add(RING, each);
        }
    }

    @Test
    void assignsRingToEldestProcess() {
        scan(CHILD, PARENT);
        assertThat(owners.owns(RING, PARENT)).isTrue();
        assertThat(owners.owns(RING, CHILD)).isFalse();
        assertThat(owners.owns(RING + 1, PARENT)).isFalse();
    }

    @Test
    void comparesPidsOfProcessesStartedInSameTick() {
        Owner twin = new Owner(101, PARENT.start());
        scan(twin, PARENT);
        assertThat(owners.owns(RING, PARENT)).isTrue();
        assertThat(owners.owns(RING, twin)).isFalse();
    }

    @Test
    void doesNotAssignRingInTeardownToChild() {
        scan(PARENT, CHILD);
        scan(CHILD);
        assertThat(owners.owns(RING, CHILD)).isFalse();
        scan(CHILD);
        assertThat(owners.owns(RING, CHILD)).isFalse();
    }

    @Test
    void forgetsRingWithoutMapping() {
        scan(PARENT);
        scan();
        scan(CHILD);
        assertThat(owners.owns(RING, CHILD)).isTrue();
    }
}
