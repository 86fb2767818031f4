package dev.aioscope.host;

import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;

/** Finds the identity of a process. Never waits. */
public interface Identities {
    /** Returns {@link Identity#UNKNOWN} for every process. */
    Identities NONE = (task, mm) -> Identity.UNKNOWN;

    /**
     * The identity of the process that a thread belongs to.
     *
     * @param mm the kernel's address of the process's {@code struct mm_struct}, which an exec replaces; 0 for the latest
     * @return {@link Identity#UNKNOWN} if the process is unknown, perhaps only for now
     */
    Identity of(Task task, long mm);

    /** The same without the arguments of processes, because they can contain secrets. */
    default Identities withoutArguments() {
        return (task, mm) -> of(task, mm).withoutArguments();
    }

    /** The latest known identity of a process. */
    default Identity of(Task task) {
        return of(task, 0);
    }

    /** The process that made the call. */
    default Identity ofCaller(FailedCall call) {
        return of(call.caller(), call.mm());
    }

    /** The process that owns the context. */
    default Identity ofOwner(Teardown teardown) {
        Task owner = teardown.context().owner();
        return owner == null ? Identity.UNKNOWN : of(owner, teardown.context().mm());
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
