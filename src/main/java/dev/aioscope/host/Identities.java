package dev.aioscope.host;

import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;

/** Finds the identity of a process. */
public interface Identities {
    /** Returns {@link Identity#UNKNOWN} for every process. */
    Identities NONE = (task, mm, mayRead) -> Identity.UNKNOWN;

    /**
     * The identity of the process that a thread belongs to.
     *
     * @param mm the kernel's address of the process's {@code struct mm_struct}, which an exec replaces; 0 for the latest
     * @param mayRead whether to read an unknown process from /proc, which can block for seconds
     * @return {@link Identity#UNKNOWN} if the process is unknown and could not be read
     */
    Identity of(Task task, long mm, boolean mayRead);

    /** The latest known identity of a process; reads the process if it is unknown. */
    default Identity of(Task task) {
        return of(task, 0, true);
    }

    /** The process that made the call. */
    default Identity ofCaller(FailedCall call) {
        return of(call.caller(), call.mm(), true);
    }

    /**
     * The process that owns the context. After an exit or exec its address space is gone and the PID can belong to another
     * program, so this reads the process only if it survives the teardown.
     */
    default Identity ofOwner(Teardown teardown) {
        Context context = teardown.context();
        boolean survives = teardown.trigger() == Trigger.DESTROY || teardown.trigger() == Trigger.ROLLBACK;
        return context.owner() == null ? Identity.UNKNOWN : of(context.owner(), context.mm(), survives);
    }

    /** The process that ended the context: the owner, or in an exit possibly another process. */
    default Identity ofCaller(Teardown teardown) {
        Task caller = teardown.caller();
        Task owner = teardown.context().owner();
        if (caller == null) {
            return Identity.UNKNOWN;
        }
        return owner != null && owner.pid() == caller.pid() && owner.processStart() == caller.processStart()
                ? ofOwner(teardown)
                : of(caller);
    }
}
