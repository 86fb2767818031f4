package dev.aioscope.guest;

import org.junit.jupiter.api.Tag;

/** Runs the same tests on the lab kernels. */
@Tag("guest")
class DemoGuestTest extends DemoIT {}
