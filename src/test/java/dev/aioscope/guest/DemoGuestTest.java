package dev.aioscope.guest;

import org.junit.jupiter.api.Tag;

/** The same on the kernels of the lab. */
@Tag("guest")
class DemoGuestTest extends DemoIT {}
