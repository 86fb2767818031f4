package dev.aioscope.guest;

import dev.aioscope.probe.Tier;

/** Without probes inside the kernel. */
class SyscallTierWrongHandleGuestTest extends WrongHandleGuestTests {
    SyscallTierWrongHandleGuestTest() {
        super(Tier.SYSCALL);
    }
}
