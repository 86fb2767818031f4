package dev.aioscope.audit;

import dev.aioscope.audit.Observation.Conformance;
import dev.aioscope.event.RingState;
import dev.aioscope.event.Trigger;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.HandleUse;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.WrongHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The evidence of one teardown, failed call or setup alone. Unobserved values are no evidence. */
final class Checks {
    private static final long SLOW_LOOKUP = 10_000_000;
    private static final long SLOW_WAKE = 1_000_000_000;
    private static final long SLOW_FREE = 2_000_000_000;
    /** Shorter than any grace period. */
    private static final long NOT_DEFERRED = 1_000;

    private final List<Observation> observations = new ArrayList<>();
    private final long time;
    private final @Nullable Task caller;
    private final @Nullable String context;

    private Checks(long time, @Nullable Task caller, @Nullable String context) {
        this.time = time;
        this.caller = caller;
        this.context = context;
    }

    /** The evidence of a teardown. */
    static List<Observation> of(Teardown t) {
        Checks checks = new Checks(timeOf(t), t.caller(), t.context().id());
        checks.killed(t);
        checks.cancelled(t);
        checks.freed(t);
        if (t.trigger() == Trigger.DESTROY) {
            checks.unmapped(t);
            checks.waits(t);
            if (t.call().result() != null && t.call().result() == 0) {
                checks.returned(t);
            }
        }
        return checks.observations;
    }

    /** The evidence of a failed call. */
    static List<Observation> of(FailedCall call) {
        WrongHandle wrong = call.wrongHandle();
        Context known = wrong == null ? null : wrong.context();
        Checks checks = new Checks(call.returnTime(), call.caller(), known == null ? null : known.id());
        checks.failed(call);
        if (wrong != null) {
            checks.wrong(wrong, call);
        }
        return checks.observations;
    }

    /** The evidence of a call with a destroyed handle. */
    static List<Observation> of(HandleUse use) {
        Context known = use.destroyed().context();
        Checks checks = new Checks(use.time(), use.caller(), known == null ? null : known.id());
        // The kernel can check the address before or after the handle.
        if (use.result() != -Errno.EFAULT) {
            String values = use.call().label() + " got "
                    + (use.result() < 0 ? Errno.name((int) -use.result()) : "the dead context")
                    + ": " + use.explanation();
            checks.judge(Clause.N4, use.isRefused(), values);
        }
        return checks.observations;
    }

    /** The evidence of a setup. */
    static List<Observation> of(Context context) {
        Checks checks =
                new Checks(context.setupTime() == null ? 0 : context.setupTime(), context.owner(), context.id());
        checks.held(Clause.C1, "io_setup created a context");
        return checks.observations;
    }

    /** A violation by this teardown together with earlier ones. */
    static Observation violated(Clause clause, Teardown t, String values) {
        return new Observation(
                clause, Conformance.VIOLATED, timeOf(t), t.caller(), t.context().id(), values);
    }

    /** The same for a clause that held. */
    static Observation held(Clause clause, Teardown t, String values) {
        return new Observation(
                clause, Conformance.HELD, timeOf(t), t.caller(), t.context().id(), values);
    }

    private static long timeOf(Teardown t) {
        Long time = t.endTime() != null ? t.endTime() : t.phases().killEnterTime();
        return time == null ? 0 : time;
    }

    // ---- the steps of a teardown ----

    private void killed(Teardown t) {
        if (t.trigger() != Trigger.DESTROY) {
            return;
        }
        if (t.kernel().dead() != null) {
            String values = "ctx->dead was " + (t.kernel().dead() ? 1 : 0) + " when kill_ioctx returned";
            judge(Clause.S1, t.kernel().dead(), values);
            judge(Clause.T1, t.kernel().dead(), values);
        }
        if (t.kernel().inTable() != null) {
            String values = "its slot in the table was " + (t.kernel().inTable() ? "still set" : "clear")
                    + " when kill_ioctx returned";
            judge(Clause.S2, !t.kernel().inTable(), values);
            judge(Clause.T2, !t.kernel().inTable(), values);
        }
    }

    private void unmapped(Teardown t) {
        if (t.phases().killEnterTime() == null || t.phases().killExitTime() == null) {
            return;
        }
        if (t.phases().unmapEnterTime() == null && t.phases().unmapExitTime() == null) {
            judge(Clause.S4, false, "kill_ioctx did not call vm_munmap");
        } else if (t.kernel().unmapResult() != null && t.kernel().unmapResult() < 0) {
            String values =
                    "vm_munmap returned " + Errno.name(-t.kernel().unmapResult()) + ", and kill_ioctx continued";
            deviated(Clause.S4, values);
            deviated(Clause.F3, values);
        } else if (t.kernel().ring() == RingState.OTHER) {
            String values = "kill_ioctx unmapped another mapping at "
                    + Long.toHexString(t.context().handle());
            deviated(Clause.S4, values);
            deviated(Clause.F4, values);
        } else if (t.kernel().unmapResult() != null) {
            held(Clause.S4, "vm_munmap returned 0");
        }
        contended(t, t.phases().killEnterTime(), t.phases().killExitTime());
    }

    private void contended(Teardown t, long killEnter, long killExit) {
        Long enter = t.phases().unmapEnterTime();
        Long exit = t.phases().unmapExitTime();
        if (enter != null
                && exit != null
                && t.kernel().unmapResult() != null
                && t.kernel().unmapResult() == 0) {
            boolean isInside = enter >= killEnter && exit <= killExit;
            String values =
                    "vm_munmap took " + Units.duration(exit - enter) + (isInside ? "" : ", not inside kill_ioctx");
            judge(Clause.L4, isInside, values);
        }
    }

    private void cancelled(Teardown t) {
        Integer before = t.counts().cancellableBefore();
        Integer after = t.counts().cancellableAfter();
        if (before == null || after == null) {
            return;
        }
        if (before > 0) {
            String values = (before - after) + " of " + before + " cancellable requests were cancelled in "
                    + Units.duration(t.cancel() == null ? 0 : t.cancel());
            judge(Clause.S6, after == 0, values);
            judge(Clause.L3, after == 0, values);
        }
        Integer left = t.counts().outstandingAfterGrace();
        if (left != null && left > before) {
            String values = (left - before) + " requests were not cancellable"
                    + (t.io() == null ? "" : ", the wait for them took " + Units.duration(t.io()));
            deviated(Clause.S6, values);
            deviated(Clause.F1, values);
        }
    }

    private void freed(Teardown t) {
        Long deferred = t.deferredFree();
        if (deferred == null) {
            if (t.phases().reqsTime() != null
                    && t.end() == Teardown.End.INCOMPLETE
                    && t.phases().killExitTime() != null) {
                deviated(Clause.F5, "free_ioctx was not observed within 10 s of the last request");
            }
            return;
        }
        String values = "free_ioctx came " + Units.duration(deferred) + " after the last request";
        judge(Clause.S5, deferred >= NOT_DEFERRED, values);
        if (deferred >= SLOW_FREE) {
            deviated(Clause.F5, values);
        }
    }

    private void waits(Teardown t) {
        Long lookup = t.lookup();
        if (lookup != null && lookup >= SLOW_LOOKUP) {
            deviated(Clause.F2, "kill_ioctx was entered " + Units.duration(lookup) + " after io_destroy");
        }
        Long wake = t.wake();
        if (wake != null && wake >= SLOW_WAKE) {
            deviated(Clause.F6, "io_destroy returned " + Units.duration(wake) + " after the last request");
        } else if (t.phases().reqsTime() != null
                && t.call().returnTime() == null
                && t.end() == Teardown.End.INCOMPLETE) {
            deviated(Clause.F6, "the return of io_destroy was not observed within 10 s of the last request");
        }
    }

    /** An io_destroy that returned 0. */
    private void returned(Teardown t) {
        if (t.context().handle() == 0) {
            judge(Clause.P1, false, "io_destroy of 0 returned 0");
        } else if (t.context().kioctx() != 0) {
            held(Clause.P1, "io_destroy of a live context returned 0");
        }
        if (t.call().returnTime() == null) {
            return;
        }
        if (t.phases().freeTime() != null) {
            released(t.phases().freeTime() - t.call().returnTime());
        }
        if (t.phases().reqsTime() != null) {
            waited(t, t.call().returnTime() - t.phases().reqsTime());
        } else if (t.phases().lateReqsTime() != null) {
            waited(t, t.call().returnTime() - t.phases().lateReqsTime());
        }
    }

    private void released(long late) {
        if (late <= 0) {
            held(Clause.R2, "free_ioctx came " + Units.duration(-late) + " before the return");
        } else {
            deviated(Clause.R2, "free_ioctx came " + Units.duration(late) + " after the return");
        }
    }

    /** How long after the last request the call returned, ns. */
    private void waited(Teardown t, long later) {
        boolean isDrained = later >= 0;
        String order = "io_destroy returned " + Units.duration(Math.abs(later)) + (isDrained ? " after" : " before")
                + " the last request completed";
        judge(Clause.R1, isDrained, order);
        Integer left = t.counts().outstandingAfterGrace();
        if (left != null && left > 0) {
            judge(Clause.N2, isDrained, left + " requests were in flight; " + order);
            if (!isDrained) {
                deviated(Clause.F7, left + " requests were in flight; " + order);
            }
        }
        if (Boolean.TRUE.equals(t.call().pendingSigkill())) {
            judge(Clause.N1, isDrained, "SIGKILL was pending; " + order);
        }
    }

    // ---- failed calls ----

    private void failed(FailedCall call) {
        String name = call.call() == FailedCall.SystemCall.IO_SETUP ? "io_setup" : "io_destroy";
        String values = name + " returned " + Errno.name(call.errno());
        if (call.errno() == Errno.ENOSYS) {
            judge(Clause.C1, false, values);
        }
        if (call.call() == FailedCall.SystemCall.IO_DESTROY) {
            judge(Clause.E6, call.errno() != Errno.EFAULT, values);
        }
    }

    private void wrong(WrongHandle wrong, FailedCall call) {
        boolean isEinval = call.errno() == Errno.EINVAL;
        String values = Errno.name(call.errno()) + ": " + call.explanation();
        for (Clause clause : clauses(wrong.cause())) {
            judge(clause, isEinval, values);
        }
        if (isBeforeReturn(wrong)) {
            judge(Clause.N3, isEinval, values);
        }
        if (wrong.isIoInFlight()) {
            deviated(Clause.F8, values);
        }
    }

    /** Whether the two calls were concurrent. */
    private static boolean isBeforeReturn(WrongHandle wrong) {
        return wrong.cause() == WrongHandle.Cause.LOST_RACE
                || (wrong.cause() == WrongHandle.Cause.ALREADY_DESTROYED && wrong.draining());
    }

    private static List<Clause> clauses(WrongHandle.Cause cause) {
        return switch (cause) {
            case ZERO -> List.of(Clause.P1, Clause.E4);
            case NEVER_VALID -> List.of(Clause.E1, Clause.E4);
            case OTHER_PROCESS -> List.of(Clause.E2, Clause.C2);
            case ALREADY_DESTROYED, LOST_RACE -> List.of(Clause.E3, Clause.S1, Clause.T2);
            case RING_CORRUPTED -> List.of(Clause.E5);
            // The specification has no clause for these.
            case RING_UNMAPPED, RING_MOVED -> List.of();
        };
    }

    // ---- observations ----

    private void judge(Clause clause, boolean isHeld, String values) {
        add(clause, isHeld ? Conformance.HELD : Conformance.VIOLATED, values);
    }

    private void held(Clause clause, String values) {
        add(clause, Conformance.HELD, values);
    }

    private void deviated(Clause clause, String values) {
        add(clause, Conformance.DEVIATED, values);
    }

    private void add(Clause clause, Conformance conformance, String values) {
        observations.add(new Observation(clause, conformance, time, caller, context, values));
    }
}
