package dev.aioscope.host;

import dev.aioscope.event.Trigger;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;

/** Tells who processes are, or were. */
public interface Identities {
    /** Knows nobody. */
    Identities NONE = (task, mm, mayLook) -> Identity.UNKNOWN;

    /**
     * The identity of the process of this thread.
     *
     * @param mm the kernel's address of its {@code struct mm_struct}, which an exec replaces; 0 for the latest
     * @param mayLook whether a process that is not known may be looked at, which takes a while
     * @return with nothing in it if the process had ended before it was looked at, or cannot be looked at
     */
    Identity of(Task task, long mm, boolean mayLook);

    /** The identity of a process as it was last seen, or is now. */
    default Identity of(Task task) {
        return of(task, 0, true);
    }

    /** Whose call it was. */
    default Identity ofCaller(FailedCall call) {
        return of(call.caller(), call.mm(), true);
    }

    /** Whose context it was. Its address space is gone with an exit: what has its number now would be another program. */
    default Identity ofOwner(Teardown teardown) {
        Context context = teardown.context();
        boolean goesOn = teardown.trigger() == Trigger.DESTROY || teardown.trigger() == Trigger.ROLLBACK;
        return context.owner() == null ? Identity.UNKNOWN : of(context.owner(), context.mm(), goesOn);
    }

    /** Who ended it: its owner, or for an exit perhaps an outsider. */
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
