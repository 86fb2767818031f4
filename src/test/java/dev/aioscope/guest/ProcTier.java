package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Snapshot;
import dev.aioscope.probe.proc.ProcProbes;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The looks at /proc, against what aiowork is known to hold. */
abstract class ProcTier extends Looks {
    ProcTier() {
        super(new Agent(ProcProbes.open()));
    }

    @Override
    @Nullable Integer charge(int given) {
        return null;
    }

    @Override
    boolean showsWhoIsInIoDestroy() {
        return true;
    }

    final List<LiveContext> contexts(long pid) {
        return Snapshot.take(agent.probes()).contexts().stream()
                .filter(context -> context.owner().pid() == pid)
                .toList();
    }

    @Test
    void aRingTellsWhatStandsInIt() throws IOException {
        try (Work work = Work.start("half-reaped", "--charge", "128", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid())).singleElement().satisfies(context -> {
                assertThat(context.handle()).isEqualTo(work.the("handle"));
                assertThat((long) context.unreaped()).isEqualTo(work.the("unreaped"));
                assertThat(context.nrEvents()).isGreaterThan(128);
                assertThat(context.charge()).isNull();
                assertThat(context.outstanding()).isNull();
                assertThat(context.owner().comm()).isEqualTo("aiowork");
            });
        }
    }

    @Test
    void aForkedChildHoldsNothing() throws IOException {
        try (Work work = Work.start("forked", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid())).hasSize(1);
            assertThat(contexts(work.the("child"))).isEmpty();
            work.goOn();
            work.finish();
        }
    }

    @Test
    void aProcessWhoseFirstThreadHasEndedIsFound() throws IOException {
        try (Work work = Work.start("leaderless", "--wait")) {
            work.await("ready");

            assertThat(contexts(work.pid()))
                    .singleElement()
                    .satisfies(context -> assertThat(context.handle()).isEqualTo(work.the("handle")));
        }
    }
}
