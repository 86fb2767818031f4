package dev.aioscope.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.event.InventoryRecords.Subject;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class InventoryRecordsTest {
    private static final Subject THREAD = new Subject(1, 100, 7, 100, 101, "a name of sixteen", 5);

    private static <E extends Event> List<E> read(InventoryRecords records, Class<E> type) {
        byte[] bytes = records.bytes();
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        List<E> events = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += EventReader.sizeAt(buffer, at, bytes.length - at)) {
            events.add(type.cast(Event.of(buffer, at, bytes.length - at)));
        }
        return events;
    }

    @Test
    void readsContextAsWritten() {
        InventoryRecords records = new InventoryRecords();
        records.liveContext(THREAD, 66051, 0x7f00_0000_0000L, 255, 4, 1);

        assertThat(read(records, LiveContextEvent.class)).singleElement().satisfies(context -> {
            assertThat(context.type()).isEqualTo(EventType.LIVE_CONTEXT);
            assertThat(context.time()).isEqualTo(1);
            assertThat(context.mm()).isEqualTo(100);
            assertThat(context.cgroup()).isEqualTo(7);
            assertThat(context.pid()).isEqualTo(100);
            assertThat(context.tid()).isEqualTo(101);
            assertThat(context.comm()).isEqualTo("a name of sixtee");
            assertThat(context.processStart()).isEqualTo(5);
            assertThat(context.kioctx()).isEqualTo(66051);
            assertThat(context.handle()).isEqualTo(0x7f00_0000_0000L);
            assertThat(context.nrEvents()).isEqualTo(255);
            assertThat(context.unreaped()).isEqualTo(4);
            assertThat(context.slot()).isEqualTo(1);
            assertThat(context.maxReqs()).isEqualTo(EventLayout.ABSENT_S32);
            assertThat(context.outstandingSlots()).isEqualTo(EventLayout.ABSENT_S32);
            assertThat(context.outstandingRefs()).isEqualTo(EventLayout.ABSENT_S32);
        });
    }

    @Test
    void readsThreadInTeardownAsWritten() {
        InventoryRecords records = new InventoryRecords();
        records.taskInTeardown(THREAD, Trigger.DESTROY, 0x1000, true, List.of(7L, 8L));
        List<Long> deep = Collections.nCopies(100, 9L);
        records.taskInTeardown(THREAD, Trigger.EXIT, EventLayout.ABSENT_U64, false, deep);

        List<TaskInTeardownEvent> tasks = read(records, TaskInTeardownEvent.class);
        assertThat(tasks).hasSize(2).allSatisfy(task -> {
            assertThat(task.type()).isEqualTo(EventType.TASK_IN_TEARDOWN);
            assertThat(task.tid()).isEqualTo(101);
            assertThat(task.processStart()).isEqualTo(5);
            assertThat(task.state()).isEqualTo(2);
            assertThat(task.kioctx()).isZero();
        });
        assertThat(tasks).extracting(TaskInTeardownEvent::trigger).containsExactly(Trigger.DESTROY, Trigger.EXIT);
        assertThat(tasks).extracting(TaskInTeardownEvent::handle).containsExactly(0x1000L, EventLayout.ABSENT_U64);
        assertThat(tasks).extracting(TaskInTeardownEvent::pendingSigkill).containsExactly(true, false);
        assertThat(tasks.get(0).kernelFrames()).containsExactly(7L, 8L);
        assertThat(tasks.get(1).kernelFrames()).hasSize(16).isSubsetOf(deep);
    }

    @Test
    void readsTeardownStateAsWritten() {
        InventoryRecords records = new InventoryRecords();
        records.teardownState(THREAD, WaitReason.SIBLINGS, 2);

        assertThat(read(records, TeardownStateEvent.class)).singleElement().satisfies(state -> {
            assertThat(state.type()).isEqualTo(EventType.TEARDOWN_STATE);
            assertThat(state.tid()).isEqualTo(101);
            assertThat(state.kioctx()).isZero();
            assertThat(state.waitReason()).isEqualTo(WaitReason.SIBLINGS);
            assertThat(state.siblings()).isEqualTo(2);
            assertThat(state.requests()).isEqualTo(EventLayout.ABSENT_S32);
        });
        assertThatThrownBy(() -> records.teardownState(THREAD, WaitReason.DEFERRED_FREE, 0))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void holdsAnyNumberOfRecords() {
        InventoryRecords records = new InventoryRecords();
        for (int i = 0; i < 1000; i++) {
            records.liveContext(THREAD, i, 4096L * i, 255, 0, i);
        }

        assertThat(read(records, LiveContextEvent.class)).hasSize(1000);
        assertThat(read(records, LiveContextEvent.class).get(999).kioctx()).isEqualTo(999);
    }
}
