package dev.aioscope.guest;

import org.junit.jupiter.api.Tag;

/** Runs the same tests on the lab kernels. */
@Tag("guest")
@Tag("turn1")
class BtfGuestTest extends BtfIT {}
