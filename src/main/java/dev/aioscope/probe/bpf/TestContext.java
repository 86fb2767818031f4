package dev.aioscope.probe.bpf;

import dev.aioscope.event.ContextEvent;
import dev.aioscope.event.DestroyExitEvent;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventLayout;
import dev.aioscope.event.EventType;
import dev.aioscope.event.ProcessEvent;
import dev.aioscope.event.SetupEvent;
import dev.aioscope.kernel.Aio;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.worker.Worker;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * A context that the agent makes and destroys to test its probes, and its records. No pid identifies them, as the kernel
 * reports pids of another namespace: a call is ours by its address space, thread name and time. Thread-safe.
 */
final class TestContext {
    private static final String WORKER = "selftest";
    /** The name of that worker's thread, as the kernel cuts it. */
    private static final String COMM = "aioscope-selfte";

    private static final int MAX_REQS = 1;
    /** Late records can follow several tests. */
    private static final int KEPT = 4;

    private static final long NEVER = Long.MAX_VALUE;

    /** The latest of this process, whichever probes it tested. */
    private static volatile TestContext[] latest = {};

    /** The address of this process's struct mm_struct; 0 until a record shows it. */
    private static volatile long ownMm;

    private final long begin;
    private volatile long end = NEVER;
    private volatile long created = NEVER;
    private volatile int setupResult;
    private volatile long handle;
    private volatile long kioctx;
    /** When the memory was freed or first had another owner. */
    private volatile long freed = NEVER;

    private TestContext(long begin) {
        this.begin = begin;
    }

    /**
     * Makes and destroys a context on a separate thread, which takes some 30 ms.
     *
     * @param whileAlive runs on that thread before the destroy
     * @param usesHandle whether to use the handle after the destroy
     */
    static TestContext exercise(Runnable whileAlive, boolean usesHandle) throws InterruptedException {
        TestContext context = begin(BootClock.now());
        FutureTask<TestContext> task = new FutureTask<>(() -> context.live(whileAlive, usesHandle));
        Worker.startOnce(WORKER, worker -> task.run());
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /** A test that begins at this time, CLOCK_BOOTTIME ns. */
    static synchronized TestContext begin(long time) {
        TestContext context = new TestContext(time);
        TestContext[] kept = new TestContext[Math.min(latest.length + 1, KEPT)];
        kept[0] = context;
        System.arraycopy(latest, 0, kept, 1, kept.length - 1);
        latest = kept;
        return context;
    }

    private TestContext live(Runnable whileAlive, boolean usesHandle) {
        long[] made = new long[1];
        try {
            int result = Aio.setup(MAX_REQS, made);
            setUp(BootClock.now(), result, made[0]);
            if (result != 0) {
                return this;
            }
            try {
                whileAlive.run();
            } finally {
                Aio.destroy(made[0]);
            }
            if (usesHandle) {
                Aio.submitNothing(made[0]);
                Aio.getNothing(made[0]);
            }
            return this;
        } finally {
            end(BootClock.now());
        }
    }

    /** Takes the result of io_setup. */
    void setUp(long time, int result, long newHandle) {
        created = time;
        setupResult = result;
        handle = newHandle;
    }

    /** Takes the time after the last call. */
    void end(long time) {
        end = time;
    }

    /** The result of io_setup: 0 or a negative errno. */
    int setupResult() {
        return setupResult;
    }

    /** The context that this record is about; null if it is not one of a test. */
    static @Nullable TestContext of(Event event) {
        for (TestContext context : latest) {
            if (context.owns(event)) {
                return context;
            }
        }
        return null;
    }

    /** Whether a call that began at this time is the io_destroy; false if absent, or the time of the io_setup. */
    boolean isDestroy(long enterTime) {
        return enterTime != EventLayout.ABSENT_U64 && enterTime >= created;
    }

    private boolean owns(Event event) {
        return switch (event.type()) {
            case USERS, REQS, FREE -> ownsMemory(event);
            case LIVE_CONTEXT ->
                isDuring(event)
                        && isOwnAddressSpace(event)
                        && (handle == 0 || ((ContextEvent) event).handle() == handle);
            case PROCESS -> isDuring(event) && event.comm().equals(COMM) && isThisProcess((ProcessEvent) event);
            case SETUP, DESTROY_ENTER, DESTROY_EXIT, KILL_ENTER, KILL_EXIT, STACK, USE, TASK_IN_TEARDOWN ->
                ownsCall(event);
            case STRAGGLER, TEARDOWN_STATE -> false;
        };
    }

    private boolean isDuring(Event event) {
        return event.time() >= begin && event.time() <= end;
    }

    private boolean ownsCall(Event event) {
        if (isDuring(event) && event.comm().equals(COMM) && isOwnAddressSpace(event)) {
            if (event.kioctx() != 0) {
                kioctx = event.kioctx();
            }
            return true;
        }
        if (event.kioctx() != 0 && event.kioctx() == kioctx && event.time() > end) {
            freed = Math.min(freed, event.time());
        }
        return false;
    }

    /** The records of these steps are those of an interrupted process. */
    private boolean ownsMemory(Event event) {
        if (event.kioctx() != kioctx || event.time() < begin || event.time() > freed) {
            return false;
        }
        if (event.type() == EventType.FREE) {
            freed = event.time();
        }
        return true;
    }

    /** Whether the record is about the address space of this process, as far as known. */
    static boolean isOfThisProcess(Event event) {
        return ownMm != 0 && event.mm() == ownMm;
    }

    /** This record comes before any other of its address space, so also the number in the own namespace identifies it. */
    private static boolean isThisProcess(ProcessEvent event) {
        Integer pid = event.namespacePid();
        return ownMm == 0 ? pid != null && pid == ProcessHandle.current().pid() : isOfThisProcess(event);
    }

    private boolean isOwnAddressSpace(Event event) {
        if (ownMm == 0 && isCertain(event)) {
            ownMm = event.mm();
        }
        return isOfThisProcess(event);
    }

    /** Whether the record has the test's own handle, or the result of its refused io_setup. */
    private boolean isCertain(Event event) {
        if (event instanceof SetupEvent setup && setupResult != 0) {
            return setup.result() == setupResult && setup.maxReqs() == MAX_REQS;
        }
        long ours = handle;
        return ours != 0
                && (event instanceof ContextEvent context
                        ? context.handle() == ours
                        : event instanceof DestroyExitEvent exit && exit.handle() == ours);
    }
}
