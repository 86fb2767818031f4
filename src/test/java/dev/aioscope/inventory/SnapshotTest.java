package dev.aioscope.inventory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.Task;
import java.util.List;
import org.junit.jupiter.api.Test;

class SnapshotTest {
    private static LiveContext context(int pid, Integer charge, Integer outstanding) {
        return new LiveContext(new Task(pid, pid, "mysqld", 1, 0), null, pid, 0x1000, charge, 128, outstanding, null);
    }

    private static final List<LiveContext> CONTEXTS =
            List.of(context(1, 10, 0), context(2, 30, null), context(2, 5, 2), context(3, null, null));

    @Test
    void whatNoContextAccountsForIsUnattributed() {
        assertThat(new Snapshot(CONTEXTS, 0, 100L, 200L).unattributed()).isEqualTo(55);
        assertThat(new Snapshot(CONTEXTS, 0, 40L, 200L).unattributed()).isEqualTo(-5);
        assertThat(new Snapshot(CONTEXTS, 0, null, null).unattributed()).isNull();
    }

    @Test
    void aLimitThatWasLoweredLeavesLessThanNothing() {
        assertThat(new Snapshot(CONTEXTS, 0, 100L, 200L).headroom()).isEqualTo(100);
        assertThat(new Snapshot(CONTEXTS, 0, 100L, 50L).headroom()).isEqualTo(-50);
        assertThat(new Snapshot(CONTEXTS, 0, 100L, null).headroom()).isNull();
    }

    @Test
    void theLargestChargeComesFirst() {
        List<Holder> holders =
                Holder.group(CONTEXTS, context -> "" + context.owner().pid());

        assertThat(holders).extracting(Holder::name).containsExactly("2", "1", "3");
        assertThat(holders).extracting(Holder::charge).containsExactly(35L, 10L, 0L);
        assertThat(holders).extracting(Holder::outstanding).containsExactly(2L, 0L, null);
        assertThat(holders).extracting(Holder::unreaped).containsOnlyNulls();
    }

    @Test
    void aGroupCountsItsProcessesOnce() {
        assertThat(Holder.group(CONTEXTS, context -> "all")).singleElement().satisfies(holder -> {
            assertThat(holder.processes()).isEqualTo(3);
            assertThat(holder.contexts()).hasSize(4);
            assertThat(holder.charge()).isEqualTo(45);
        });
    }
}
