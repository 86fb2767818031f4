package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.lifecycle.WrongHandle;
import dev.aioscope.lifecycle.WrongHandle.Cause;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On the lab kernels, which have a device that is slow enough. */
@Tag("guest")
abstract class WrongHandleGuestTests extends WrongHandleTests {
    WrongHandleGuestTests(Tier tier) {
        super(tier);
    }

    @BeforeAll
    static void load() throws IOException {
        NullBlockDevice.load();
    }

    @Test
    void reportsIoInFlightForContextDestroyedTwice() throws IOException {
        AioWork work = AioWork.run("destroyed-twice", "--outstanding", "5");
        WrongHandle waiting = await(work.pid(), work.value("waiting"), Cause.ALREADY_DESTROYED);

        assertThat(waiting.isIoInFlight()).isTrue();
        assertThat(waiting.outstanding()).isEqualTo(5);
        assertThat(waiting.drainedTime()).isNull();
        assertThat(waiting.destroyer().tid()).isEqualTo((int) work.value("destroyer"));
        agent.readUntil("the second one", () -> agent.failedCalls(work.pid()).size() >= 2);
        WrongHandle drained = agent.failedCalls(work.pid()).get(1).wrongHandle();
        assertThat(drained.cause()).isEqualTo(Cause.ALREADY_DESTROYED);
        assertThat(drained.isIoInFlight()).isFalse();
        assertThat(drained.drainedTime() - drained.killedTime()).isBetween(300_000_000L, 20_000_000_000L);
    }
}
