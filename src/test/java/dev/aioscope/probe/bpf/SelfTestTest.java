package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.AioCall;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.Errno;
import dev.aioscope.probe.AttachPoint.Mode;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SelfTestTest {
    private static final String COMM = "aioscope-selfte";
    /** One for all tests, as for a process. */
    private static final long MM = 0x1000;

    private static final long HANDLE = 0x7000;
    private static final long KIOCTX = 0xffff_8880_0000_0001L;
    private static final int PID_OF_OTHER_NAMESPACE = 4711;

    private final Map<AttachTarget, Mode> attached = new EnumMap<>(Map.ofEntries(
            Map.entry(AttachTarget.IO_SETUP, Mode.FENTRY),
            Map.entry(AttachTarget.IO_SETUP_RETURN, Mode.FEXIT),
            Map.entry(AttachTarget.IO_DESTROY, Mode.FENTRY),
            Map.entry(AttachTarget.IO_DESTROY_RETURN, Mode.FEXIT),
            Map.entry(AttachTarget.KILL_IOCTX, Mode.FENTRY),
            Map.entry(AttachTarget.KILL_IOCTX_RETURN, Mode.FEXIT),
            Map.entry(AttachTarget.VM_MUNMAP, Mode.FENTRY),
            Map.entry(AttachTarget.VM_MUNMAP_RETURN, Mode.FEXIT),
            Map.entry(AttachTarget.FREE_IOCTX_USERS, Mode.FENTRY),
            Map.entry(AttachTarget.FREE_IOCTX_USERS_RETURN, Mode.FEXIT),
            Map.entry(AttachTarget.FREE_IOCTX_REQS, Mode.FENTRY),
            Map.entry(AttachTarget.FREE_IOCTX, Mode.FENTRY),
            Map.entry(AttachTarget.CONTEXTS, Mode.ITERATOR)));

    private static final EventBuilder FOUND = call(EventBuilder.liveContext(), 110, "java");
    private static final EventBuilder SETUP = call(EventBuilder.setup().enterTime(101), 105, COMM);
    private static final EventBuilder KILL_ENTER =
            call(EventBuilder.killEnter(Trigger.DESTROY).callTime(120), 121, COMM);
    private static final EventBuilder KILL_EXIT = EventBuilder.killExit()
            .unmap(122, 123, 0)
            .mm(MM)
            .time(124)
            .kioctx(KIOCTX)
            .task(PID_OF_OTHER_NAMESPACE, PID_OF_OTHER_NAMESPACE + 1, COMM);
    private static final EventBuilder USERS = EventBuilder.users().time(140).kioctx(KIOCTX);
    private static final EventBuilder REQS = EventBuilder.reqs().time(160).kioctx(KIOCTX);
    private static final EventBuilder DESTROY_EXIT =
            call(EventBuilder.destroyExit().enterTime(120), 170, COMM).kioctx(0);
    /** After the test. */
    private static final EventBuilder FREE = EventBuilder.free().time(220).kioctx(KIOCTX);

    private static Event event(EventBuilder builder) {
        ByteBuffer record = builder.build();
        return Event.of(record, 0, record.remaining());
    }

    private static EventBuilder call(EventBuilder event, long time, String comm) {
        return event.handle(HANDLE)
                .mm(MM)
                .time(time)
                .kioctx(KIOCTX)
                .task(PID_OF_OTHER_NAMESPACE, PID_OF_OTHER_NAMESPACE + 1, comm);
    }

    /** A test from 100 to 200 with a context from 106 to 120. */
    private static void exercise(int result) {
        TestContext context = TestContext.begin(100);
        context.setUp(106, result, result == 0 ? HANDLE : 0);
        context.end(200);
    }

    private SelfTest seeing(EventBuilder... records) {
        exercise(0);
        SelfTest test = new SelfTest(attached);
        for (EventBuilder record : records) {
            TestContext own = TestContext.of(event(record));
            assertThat(own).as(event(record).type().name()).isNotNull();
            test.accept(event(record), own);
        }
        return test;
    }

    @Test
    void provesEachAttachPointWithRecordsOfOneContext() {
        SelfTest test = seeing(FOUND, SETUP, KILL_ENTER, KILL_EXIT, USERS, REQS, DESTROY_EXIT, FREE);
        assertThat(test.silent()).isEmpty();
        assertThat(test.fired()).isEqualTo(attached.keySet());
    }

    @Test
    void findsEachPointSilentThatSendsRecordItself() {
        assertThat(seeing(FOUND).silent())
                .as("without kill_ioctx, nothing shows what happens inside it")
                .containsExactlyInAnyOrder(
                        AttachTarget.IO_SETUP,
                        AttachTarget.IO_SETUP_RETURN,
                        AttachTarget.IO_DESTROY,
                        AttachTarget.IO_DESTROY_RETURN,
                        AttachTarget.KILL_IOCTX,
                        AttachTarget.FREE_IOCTX_USERS,
                        AttachTarget.FREE_IOCTX_USERS_RETURN,
                        AttachTarget.FREE_IOCTX_REQS,
                        AttachTarget.FREE_IOCTX);
    }

    @Test
    void findsOnlyTheReplacedFunctionSilent() {
        assertThat(seeing(FOUND, SETUP, USERS.mm(0), REQS, DESTROY_EXIT, FREE).silent())
                .containsExactly(AttachTarget.KILL_IOCTX);
        assertThat(seeing(FOUND, SETUP, KILL_ENTER, KILL_EXIT, USERS, REQS, DESTROY_EXIT)
                        .silent())
                .containsExactly(AttachTarget.FREE_IOCTX);
        assertThat(seeing(FOUND, SETUP, KILL_ENTER, USERS, REQS, DESTROY_EXIT, FREE)
                        .silent())
                .containsExactly(AttachTarget.KILL_IOCTX_RETURN);
        assertThat(seeing(FOUND, SETUP, KILL_ENTER, KILL_EXIT, USERS, REQS, FREE)
                        .silent())
                .containsExactly(AttachTarget.IO_DESTROY_RETURN);
    }

    @Test
    void takesTimeOfSetupForNoEntryOfDestroy() {
        EventBuilder killEnter = call(EventBuilder.killEnter(Trigger.DESTROY).callTime(101), 121, COMM);
        assertThat(seeing(FOUND, killEnter, KILL_EXIT, USERS, REQS, FREE).silent())
                .contains(AttachTarget.IO_DESTROY)
                .doesNotContain(AttachTarget.IO_DESTROY_RETURN);
    }

    @Test
    void suspectsTheMechanismOfWhichNothingFires() {
        attached.put(AttachTarget.IO_SETUP_RETURN, Mode.KRETPROBE);
        attached.put(AttachTarget.IO_DESTROY_RETURN, Mode.KRETPROBE);
        assertThat(seeing(FOUND, KILL_ENTER, KILL_EXIT, USERS, REQS, FREE).silent())
                .containsExactlyInAnyOrder(AttachTarget.IO_SETUP_RETURN, AttachTarget.IO_DESTROY_RETURN);
    }

    @Test
    void provesLookupByCallsWithDestroyedHandle() {
        attached.put(AttachTarget.LOOKUP_IOCTX, Mode.FENTRY);
        attached.put(AttachTarget.LOOKUP_IOCTX_RETURN, Mode.FEXIT);
        EventBuilder use = call(EventBuilder.use(AioCall.IO_SUBMIT), 180, COMM).kioctx(0);
        assertThat(seeing(FOUND, SETUP, KILL_ENTER, KILL_EXIT, USERS, REQS, DESTROY_EXIT, FREE)
                        .silent())
                .containsExactlyInAnyOrder(AttachTarget.LOOKUP_IOCTX, AttachTarget.LOOKUP_IOCTX_RETURN);
        assertThat(seeing(FOUND, SETUP, KILL_ENTER, KILL_EXIT, USERS, REQS, DESTROY_EXIT, use, FREE)
                        .silent())
                .isEmpty();
    }

    @Test
    void hidesNoRecordOfAnotherContext() {
        seeing(FOUND, SETUP, KILL_ENTER, KILL_EXIT, USERS, REQS, DESTROY_EXIT, FREE);
        List<EventBuilder> others = List.of(
                // Another process, even with this thread name, handle and time.
                call(EventBuilder.setup(), 105, COMM).mm(2 * MM),
                // This process before, after and beside the test.
                call(EventBuilder.setup(), 99, COMM),
                call(EventBuilder.setup(), 201, COMM),
                call(EventBuilder.setup(), 150, "java"),
                call(EventBuilder.liveContext(), 110, "java").handle(2 * HANDLE),
                // The memory belongs to another context by now.
                EventBuilder.users().time(230).kioctx(KIOCTX),
                EventBuilder.reqs().time(240).kioctx(KIOCTX),
                EventBuilder.free().time(250).kioctx(KIOCTX));
        assertThat(others).allMatch(other -> TestContext.of(event(other)) == null);
    }

    @Test
    void leavesReusedMemoryToItsOwnerIfNoRecordShowsItFreed() {
        seeing(FOUND, SETUP, KILL_ENTER, KILL_EXIT, USERS, REQS, DESTROY_EXIT);
        assertThat(TestContext.of(
                        event(call(EventBuilder.setup(), 210, "mysqld").mm(2 * MM))))
                .isNull();
        assertThat(TestContext.of(event(FREE))).isNull();
    }

    @Test
    void hidesRefusalOfItsOwnSetup() {
        seeing(FOUND);
        exercise(-Errno.EAGAIN);
        EventBuilder refused = call(EventBuilder.setup(), 105, COMM)
                .result(-Errno.EAGAIN)
                .size(1, -1)
                .kioctx(0);
        assertThat(TestContext.of(event(refused))).isNotNull();
        assertThat(TestContext.of(event(refused.mm(2 * MM)))).isNull();
    }
}
