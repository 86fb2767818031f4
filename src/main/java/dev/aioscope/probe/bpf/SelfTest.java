package dev.aioscope.probe.bpf;

import dev.aioscope.event.AioCall;
import dev.aioscope.event.DestroyExitEvent;
import dev.aioscope.event.Event;
import dev.aioscope.event.EventLayout;
import dev.aioscope.event.KillExitEvent;
import dev.aioscope.event.SetupEvent;
import dev.aioscope.event.TeardownEnterEvent;
import dev.aioscope.event.UseEvent;
import dev.aioscope.probe.AttachPoint.Mode;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which attach points the records of {@link TestContext}s prove. An idle context passes all of them but those of requests,
 * which attach only while a teardown is stuck. Thread-safe.
 *
 * <pre>
 *   record         proves
 *   SETUP          io_setup, its return
 *   KILL_ENTER     kill_ioctx; io_destroy if it has the time of that call
 *   KILL_EXIT      the return of kill_ioctx; vm_munmap, its return if it has their times
 *   USERS          free_ioctx_users, its return
 *   REQS, FREE     free_ioctx_reqs, free_ioctx
 *   DESTROY_ENTER  sys_enter_io_destroy
 *   DESTROY_EXIT   io_destroy, its return
 *   USE            lookup_ioctx, its return; the tracepoints of io_submit, io_getevents
 *   LIVE_CONTEXT   the iterator over all tasks
 * </pre>
 */
final class SelfTest {
    /** The kernel skips a probe now and then, so one record that is missing proves nothing. */
    private static final int TESTS = 3;

    /** The last record comes a grace period and a kworker after the destroy. */
    private static final long PATIENCE_NANOS = 3_000_000_000L;

    /** If nothing fires at all, nothing more will come; another CPU may still write a record. */
    private static final long SILENCE_NANOS = 200_000_000L;

    private final Map<AttachTarget, Mode> attached;
    private final Set<AttachTarget> fired = EnumSet.noneOf(AttachTarget.class);

    /** A test of these targets, which has no record yet. */
    SelfTest(Map<AttachTarget, Mode> attached) {
        this.attached = Map.copyOf(attached);
    }

    /** Reads records for a moment, or lets the reader read them. */
    interface Pause {
        void pass() throws InterruptedException;
    }

    /**
     * Makes and destroys contexts until each target has fired, three at most.
     *
     * @param whileAlive runs while a context exists
     * @return the result of io_setup: 0, or the negative errno with which it was refused
     */
    int run(Runnable whileAlive, Pause pause) throws InterruptedException {
        boolean usesHandle = attached.keySet().stream().anyMatch(AttachTarget::isOnPathOfIo);
        for (int i = 0; i < TESTS && !silent().isEmpty(); i++) {
            int result = TestContext.exercise(whileAlive, usesHandle).setupResult();
            if (result != 0) {
                pause.pass();
                return result;
            }
            await(pause);
        }
        return 0;
    }

    private void await(Pause pause) throws InterruptedException {
        long begin = System.nanoTime();
        while (!silent().isEmpty() && System.nanoTime() - begin < (hasFired() ? PATIENCE_NANOS : SILENCE_NANOS)) {
            pause.pass();
        }
    }

    /** Takes a record of a test. */
    synchronized void accept(Event event, TestContext context) {
        switch (event.type()) {
            case SETUP -> setup((SetupEvent) event);
            case DESTROY_ENTER -> fired.add(AttachTarget.SYS_ENTER_IO_DESTROY);
            case KILL_ENTER -> killEnter((TeardownEnterEvent) event, context);
            case KILL_EXIT -> killExit((KillExitEvent) event);
            case USERS -> fired.addAll(Set.of(AttachTarget.FREE_IOCTX_USERS, AttachTarget.FREE_IOCTX_USERS_RETURN));
            case REQS -> fired.add(AttachTarget.FREE_IOCTX_REQS);
            case FREE -> fired.add(AttachTarget.FREE_IOCTX);
            case DESTROY_EXIT -> destroyExit((DestroyExitEvent) event, context);
            case USE -> use((UseEvent) event);
            case LIVE_CONTEXT -> fired.add(AttachTarget.CONTEXTS);
            case STACK, STRAGGLER, PROCESS, TASK_IN_TEARDOWN, TEARDOWN_STATE -> {}
        }
    }

    private void setup(SetupEvent event) {
        fired.addAll(Set.of(AttachTarget.IO_SETUP_RETURN, AttachTarget.SYS_EXIT_IO_SETUP));
        if (event.enterTime() != EventLayout.ABSENT_U64) {
            fired.addAll(Set.of(AttachTarget.IO_SETUP, AttachTarget.SYS_ENTER_IO_SETUP));
        }
    }

    private void killEnter(TeardownEnterEvent event, TestContext context) {
        fired.add(AttachTarget.KILL_IOCTX);
        if (context.isDestroy(event.callTime())) {
            fired.add(AttachTarget.IO_DESTROY);
        }
    }

    private void killExit(KillExitEvent event) {
        fired.add(AttachTarget.KILL_IOCTX_RETURN);
        if (event.unmapEnterTime() != EventLayout.ABSENT_U64) {
            fired.add(AttachTarget.VM_MUNMAP);
        }
        if (event.unmapExitTime() != EventLayout.ABSENT_U64) {
            fired.add(AttachTarget.VM_MUNMAP_RETURN);
        }
    }

    private void destroyExit(DestroyExitEvent event, TestContext context) {
        fired.addAll(Set.of(AttachTarget.IO_DESTROY_RETURN, AttachTarget.SYS_EXIT_IO_DESTROY));
        if (context.isDestroy(event.enterTime())) {
            fired.add(AttachTarget.IO_DESTROY);
        }
    }

    private void use(UseEvent event) {
        fired.addAll(Set.of(AttachTarget.LOOKUP_IOCTX, AttachTarget.LOOKUP_IOCTX_RETURN));
        if (event.call() == AioCall.IO_SUBMIT) {
            fired.addAll(Set.of(AttachTarget.SYS_ENTER_IO_SUBMIT, AttachTarget.SYS_EXIT_IO_SUBMIT));
        } else if (event.call() == AioCall.IO_GETEVENTS) {
            fired.addAll(Set.of(AttachTarget.SYS_ENTER_IO_GETEVENTS, AttachTarget.SYS_EXIT_IO_GETEVENTS));
        }
    }

    /** The attached targets that fired. */
    synchronized Set<AttachTarget> fired() {
        return fired.stream().filter(attached::containsKey).collect(Collectors.toSet());
    }

    /** Whether a function or a call of the tests fired; an iterator runs on request and says nothing about these. */
    private synchronized boolean hasFired() {
        return fired.stream().anyMatch(target -> target != AttachTarget.CONTEXTS);
    }

    /** The attached targets that a whole test has passed without a record of them. */
    synchronized Set<AttachTarget> silent() {
        Set<AttachTarget> silent = EnumSet.noneOf(AttachTarget.class);
        attached.keySet().stream()
                .filter(target -> !fired.contains(target) && isShownByRecords(target))
                .forEach(silent::add);
        return silent;
    }

    /** Whether a record would show that the target fires, as all else that the record requires works. */
    private boolean isShownByRecords(AttachTarget target) {
        return switch (target) {
            case IO_SETUP -> isSuspect(target, AttachTarget.IO_SETUP_RETURN);
            case IO_SETUP_RETURN -> isSuspect(target, AttachTarget.IO_SETUP);
            case IO_DESTROY ->
                fired.contains(AttachTarget.KILL_IOCTX) || isSuspect(target, AttachTarget.IO_DESTROY_RETURN);
            case IO_DESTROY_RETURN ->
                fired.contains(AttachTarget.IO_DESTROY)
                        || (!fired.contains(AttachTarget.KILL_IOCTX) && isSuspect(target, AttachTarget.IO_DESTROY));
            case KILL_IOCTX_RETURN -> fired.contains(AttachTarget.KILL_IOCTX);
            case VM_MUNMAP, VM_MUNMAP_RETURN -> fired.contains(AttachTarget.KILL_IOCTX_RETURN);
            case FREE_IOCTX_USERS -> isSuspect(target, AttachTarget.FREE_IOCTX_USERS_RETURN);
            case FREE_IOCTX_USERS_RETURN -> isSuspect(target, AttachTarget.FREE_IOCTX_USERS);
            case LOOKUP_IOCTX ->
                fired.contains(AttachTarget.IO_DESTROY_RETURN) && isSuspect(target, AttachTarget.LOOKUP_IOCTX_RETURN);
            case LOOKUP_IOCTX_RETURN ->
                fired.contains(AttachTarget.IO_DESTROY_RETURN) && isSuspect(target, AttachTarget.LOOKUP_IOCTX);
            case SYS_ENTER_IO_SETUP, SYS_EXIT_IO_SETUP, SYS_ENTER_IO_DESTROY, SYS_EXIT_IO_DESTROY -> true;
            case SYS_ENTER_IO_SUBMIT, SYS_EXIT_IO_SUBMIT, SYS_ENTER_IO_GETEVENTS, SYS_EXIT_IO_GETEVENTS ->
                fired.contains(AttachTarget.SYS_EXIT_IO_DESTROY);
            case KILL_IOCTX, FREE_IOCTX_REQS, FREE_IOCTX, CONTEXTS -> true;
            default -> false;
        };
    }

    /** Only entry and return together send a record: with different mechanisms, the one of which nothing fires is to blame. */
    private boolean isSuspect(AttachTarget target, AttachTarget other) {
        if (fired.contains(other)) {
            return true;
        }
        return attached.containsKey(other) && (!isAlive(target) || isAlive(other));
    }

    /** Whether another target fires in this kind of mode. */
    private boolean isAlive(AttachTarget target) {
        Mode mode = attached.get(target);
        return mode != null
                && fired.stream()
                        .map(attached::get)
                        .anyMatch(other -> other != null && mode.kind().contains(other));
    }
}
