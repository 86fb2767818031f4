package dev.aioscope.guest;

import dev.aioscope.probe.Tier;

/** Without any probe inside the kernel. */
class SyscallWrongHandlesGuestTest extends WrongHandlesInGuest {
    SyscallWrongHandlesGuestTest() {
        super(Tier.SYSCALL);
    }
}
