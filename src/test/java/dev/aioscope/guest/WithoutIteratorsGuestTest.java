package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.EventType;
import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.kernel.AlteredBtf;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.Teardown.End;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.core.CoreEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tier full on a kernel like 5.4: no ring buffer, no iterators, no clock that runs during suspend. */
@Tag("guest")
@Tag("once")
class WithoutIteratorsGuestTest {
    private TestAgent agent;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        NullBlockDevice.load();
        AlteredBtf btf = new AlteredBtf();
        assertThat(btf.renameEnumerator("bpf_func_id", "BPF_FUNC_ktime_get_boot_ns", "ABSENT"))
                .isTrue();
        CoreEngine engine = new CoreEngine(btf.writeTo(folder.resolve("btf")));
        agent = new TestAgent(Tier.FULL, AttachMethod.FENTRY, new OldKernelEngine(engine, Set.of(Mode.ITERATOR)));
    }

    @AfterEach
    void close() {
        agent.close();
    }

    @Test
    void measuresTeardown() throws IOException {
        AioWork work = AioWork.run("destroy", "--charge", "33", "--outstanding", "10");
        agent.readUntil("the teardown", () -> !agent.teardowns(work.pid()).isEmpty());

        Teardown teardown = agent.teardowns(work.pid()).get(0);
        assertThat(teardown.end()).isEqualTo(End.COMPLETE);
        assertThat(teardown.context().handle()).isEqualTo(work.value("handle"));
        assertThat(teardown.context().maxReqs()).isEqualTo(33);
        assertThat(teardown.counts().outstandingRefs()).isEqualTo(10);
        assertThat(teardown.call().enterTime()).isGreaterThanOrEqualTo(work.value("called"));
        assertThat(teardown.call().returnTime()).isLessThanOrEqualTo(work.value("returned"));
        assertThat(teardown.phases().reqsTime())
                .isGreaterThanOrEqualTo(work.value("submitted") + NullBlockDevice.DELAY);
    }

    @Test
    void keepsContextThatNoScanFinds() throws IOException {
        try (AioWork work = AioWork.start("destroy", "--wait")) {
            work.await("ready");
            agent.readUntil("the setup", () -> !agent.setups(work.pid()).isEmpty());
            agent.scan();
            agent.scan();

            assertThat(agent.probes()
                            .inventory(event -> assertThat(event.type()).isEqualTo(EventType.LIVE_CONTEXT)))
                    .isEqualTo(ScanGaps.NO_SCAN);
            assertThat(agent.lifecycle().liveContexts())
                    .contains(agent.setups(work.pid()).get(0));
        }
    }

    @Test
    void reportsWhyThereAreNoScans() {
        assertThat(agent.probes().attachPoints())
                .filteredOn(point -> point.mode() == null)
                .extracting(AttachPoint::name)
                .contains("contexts of all tasks");
    }
}
