package dev.aioscope.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.event.CorruptEventException;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.EventType;
import dev.aioscope.event.StackEvent;
import dev.aioscope.probe.Tier;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A stack belongs to the call that its thread entered at the same time. */
class UserStacksTest {
    private static final long KIOCTX = 0xffff888000001000L;
    private static final long MM = 0xffff888000002000L;
    private static final long HANDLE = 0x7f0000001000L;

    private final RecordingListener received = new RecordingListener();
    private final Lifecycle lifecycle = new Lifecycle(received, Tier.SYSCALL, new Limits(10, 10, 3));

    private static Event event(EventBuilder builder) {
        ByteBuffer record = builder.build();
        return Event.of(record, 0, record.capacity());
    }

    private void feed(EventBuilder builder) {
        lifecycle.accept(event(builder));
    }

    private static EventBuilder stack(long time, int tid, long... frames) {
        return EventBuilder.stack(frames).time(time).mm(MM).task(100, tid, "worker");
    }

    private static EventBuilder setup(long enter, int tid, int result) {
        return EventBuilder.setup()
                .time(enter + 5)
                .enterTime(enter)
                .kioctx(result == 0 ? KIOCTX : 0)
                .mm(MM)
                .task(100, tid, "worker")
                .handle(HANDLE)
                .result(result)
                .size(128, 383);
    }

    private void destroy(long enter, int tid) {
        feed(EventBuilder.destroyEnter()
                .time(enter + 1)
                .callTime(enter)
                .kioctx(KIOCTX)
                .mm(MM)
                .task(100, tid, "worker")
                .handle(HANDLE)
                .size(128, 383)
                .requests(0, 0, 0, 0));
        feed(EventBuilder.destroyExit()
                .time(enter + 9)
                .enterTime(enter)
                .mm(MM)
                .task(100, tid, "worker")
                .handle(HANDLE)
                .result(0));
    }

    @Test
    void keepsSetupStackOfContext() {
        feed(stack(10, 1, 0x55000010, 0x55000020));
        feed(setup(10, 1, 0));
        feed(stack(20, 1, 0x55000030));
        destroy(20, 1);

        assertThat(received.stacks).hasSize(2);
        assertThat(received.stacks.get(0).addresses()).containsExactly(0x55000010, 0x55000020);
        assertThat(received.stacks.get(0).pid()).isEqualTo(100);
        assertThat(received.setups).extracting(Context::setupStack).containsExactly(received.stacks.get(0));
        assertThat(received.teardowns).singleElement().satisfies(teardown -> {
            assertThat(teardown.context().setupStack()).isSameAs(received.stacks.get(0));
            assertThat(teardown.call().stack()).isSameAs(received.stacks.get(1));
        });
    }

    @Test
    void reportsStackOfFailedCall() {
        feed(stack(10, 1, 0x55000010));
        feed(setup(10, 1, -11));
        assertThat(received.failedCalls).extracting(FailedCall::callStack).containsExactly(received.stacks.get(0));
    }

    @Test
    void ignoresStackOfOtherCall() {
        feed(stack(9, 1, 0x55000010));
        feed(stack(10, 2, 0x55000020));
        feed(setup(10, 1, 0));
        destroy(20, 2);

        assertThat(received.setups.get(0).setupStack()).isNull();
        assertThat(received.teardowns.get(0).call().stack()).isNull();
    }

    @Test
    void sharesStackBetweenCallsFromSamePlace() {
        feed(stack(10, 1, 0x55000010, 0x55000020));
        feed(stack(11, 2, 0x55000010, 0x55000020));
        feed(setup(11, 2, 0));

        assertThat(received.stacks).hasSize(1);
        assertThat(received.setups.get(0).setupStack()).isSameAs(received.stacks.get(0));
    }

    @Test
    void separatesStacksOfProcesses() {
        feed(stack(10, 1, 0x55000010));
        feed(EventBuilder.stack(0x55000010).time(11).mm(MM + 64).task(200, 200, "worker"));
        assertThat(received.stacks).extracting(UserStack::pid).containsExactly(100, 200);
    }

    @Test
    void dropsOldestStackBeyondLimit() {
        for (int tid = 1; tid <= 4; tid++) {
            feed(stack(10, tid, 0x55000000 + tid));
        }
        feed(setup(10, 1, -11));
        feed(setup(10, 2, -11));
        assertThat(received.failedCalls)
                .extracting(FailedCall::callStack)
                .containsExactly(null, received.stacks.get(1));
        feed(stack(20, 1, 0x55000001));
        assertThat(received.stacks).as("the first was dropped").hasSize(5);
    }

    @Test
    void truncatesStackAtInvalidAddress() {
        feed(stack(10, 1, 0x55000010, 0x6e756a006f72657aL, 0x55000020));
        feed(stack(11, 2, 0x55000010, 0x55000020, 7));
        feed(stack(12, 3, 0));
        assertThat(received.stacks.get(0).addresses()).containsExactly(0x55000010);
        assertThat(received.stacks.get(1).addresses()).containsExactly(0x55000010, 0x55000020);
        assertThat(received.stacks).hasSize(2);
    }

    @Test
    void rejectsStackDeeperThanRecord() {
        Event event = event(stack(10, 1, new long[33]));
        assertThat(event.type()).isEqualTo(EventType.STACK);
        assertThatThrownBy(((StackEvent) event)::frames)
                .isInstanceOf(CorruptEventException.class)
                .hasMessageContaining("33");
        assertThatThrownBy(() -> lifecycle.accept(event)).isInstanceOf(CorruptEventException.class);
    }

    @Test
    void showsFrameNamesOrAddresses() {
        UserStack named = new UserStack(1, new long[] {0x55000010, 0x55000020});
        named.nameBy(() -> List.of("io_setup+0x9 (libaio.so.1)", "main+0x1f (mysqld)"));
        assertThat(named.frames()).containsExactly("io_setup+0x9 (libaio.so.1)", "main+0x1f (mysqld)");

        UserStack nameless = new UserStack(1, new long[] {0x55000010, 0x55000020});
        assertThat(nameless.frames()).containsExactly("0x55000010", "0x55000020");
        nameless.nameBy(List::of);
        assertThat(nameless.frames()).containsExactly("0x55000010", "0x55000020");
    }
}
