package dev.aioscope.guest;

import dev.aioscope.probe.Tier;

/** With all probes. */
class FullWrongHandlesGuestTest extends WrongHandlesInGuest {
    FullWrongHandlesGuestTest() {
        super(Tier.FULL);
    }
}
