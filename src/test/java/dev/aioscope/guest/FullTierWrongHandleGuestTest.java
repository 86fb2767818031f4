package dev.aioscope.guest;

import dev.aioscope.probe.Tier;

/** With all probes. */
class FullTierWrongHandleGuestTest extends WrongHandleGuestTests {
    FullTierWrongHandleGuestTest() {
        super(Tier.FULL);
    }
}
