package dev.aioscope.inventory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.util.List;
import org.junit.jupiter.api.Test;

class InventoryTest {
    private static LiveContext context(int pid, Integer charge, Integer outstanding) {
        return new LiveContext(new Task(pid, pid, "mysqld", 1, 0), null, pid, 0x1000, charge, 128, outstanding, null);
    }

    private static final List<LiveContext> CONTEXTS =
            List.of(context(1, 10, 0), context(2, 30, null), context(2, 5, 2), context(3, null, null));

    private static final List<LiveContext> UNCHARGED =
            List.of(context(3, null, null), context(1, null, null), context(2, null, null), context(2, null, null));

    private static Inventory inventory(Tier tier, List<LiveContext> contexts, Long aioNr, Long aioMaxNr) {
        return new Inventory(tier, contexts, 0, ScanGaps.NONE, Quotas.of(aioNr, aioMaxNr));
    }

    private static Inventory inventory(Long aioNr, Long aioMaxNr) {
        return inventory(Tier.SAMPLE, CONTEXTS, aioNr, aioMaxNr);
    }

    @Test
    void reportsUsageWithoutContextAsUnattributed() {
        assertThat(inventory(100L, 200L).unattributed()).isEqualTo(55);
        assertThat(inventory(40L, 200L).unattributed()).isEqualTo(-5);
        assertThat(inventory(null, null).unattributed()).isNull();
    }

    @Test
    void listsContextsOfEventsWhereNoScanListsAny() {
        Task owner = new Task(7, 7, "mysqld", 1, 0);
        Context known = Context.of(1, 0xc0ffee, 0xbeef, 0x1000).withOwner(owner).withSize(33, 128);

        Inventory inventory = new Inventory.Builder(Tier.FULL)
                .build(ScanGaps.NO_SCAN, Quotas.of(100L, 200L), List.of(known, Context.of(2, 1, 0, 0x2000)));

        assertThat(inventory.contexts())
                .containsExactly(new LiveContext(owner, null, 0xbeef, 0x1000, 33, 128, null, null));
        assertThat(inventory.charge()).isEqualTo(33);
        assertThat(inventory.unattributed())
                .as("contexts may be older than the agent")
                .isNull();
    }

    @Test
    void reportsZeroChargeWithoutContexts() {
        assertThat(inventory(Tier.SAMPLE, List.of(), 100L, 200L).charge()).isZero();
        assertThat(inventory(Tier.SAMPLE, List.of(), 100L, 200L).unattributed()).isEqualTo(100);
    }

    @Test
    void omitsChargeAndUnattributedWhenChargesAreUnknown() {
        assertThat(inventory(Tier.PROC, UNCHARGED, 100L, 200L).charge()).isNull();
        assertThat(inventory(Tier.PROC, UNCHARGED, 100L, 200L).unattributed()).isNull();
        assertThat(inventory(Tier.PROC, UNCHARGED, 100L, 200L).quota().headroom())
                .isEqualTo(100);
        assertThat(inventory(Tier.PROC, List.of(), 100L, 200L).charge()).isNull();
        assertThat(inventory(Tier.PROC, List.of(), 100L, 200L).unattributed()).isNull();
    }

    @Test
    void reportsNegativeHeadroomAfterLimitWasLowered() {
        assertThat(inventory(100L, 200L).quota().headroom()).isEqualTo(100);
        assertThat(inventory(100L, 50L).quota().headroom()).isEqualTo(-50);
        assertThat(inventory(100L, null).quota().headroom()).isNull();
    }

    private static List<Holder> byPid(List<LiveContext> contexts) {
        return Holder.group(contexts, context -> "" + context.owner().pid());
    }

    @Test
    void sortsHoldersByCharge() {
        List<Holder> holders = byPid(CONTEXTS);

        assertThat(holders).extracting(Holder::name).containsExactly("2", "1", "3");
        assertThat(holders).extracting(Holder::charge).containsExactly(35L, 10L, null);
        assertThat(holders).extracting(Holder::outstanding).containsExactly(2L, 0L, null);
        assertThat(holders).extracting(Holder::unreaped).containsOnlyNulls();
    }

    @Test
    void sortsHoldersByRingSizeWithoutCharges() {
        List<Holder> holders = byPid(UNCHARGED);

        assertThat(holders).extracting(Holder::name).containsExactly("2", "1", "3");
        assertThat(holders).extracting(Holder::nrEvents).containsExactly(256L, 128L, 128L);
        assertThat(holders).extracting(Holder::charge).containsOnlyNulls();
    }

    @Test
    void countsEachProcessOfGroupOnce() {
        assertThat(Holder.group(CONTEXTS, context -> "all")).singleElement().satisfies(holder -> {
            assertThat(holder.processes()).isEqualTo(3);
            assertThat(holder.contexts()).hasSize(4);
            assertThat(holder.charge()).isEqualTo(45);
        });
    }
}
