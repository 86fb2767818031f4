package dev.aioscope.probe.bcc;

import org.junit.jupiter.api.Tag;

/** The same on the kernels of the lab, which have no headers installed. */
@Tag("guest")
@Tag("turn4")
class CompilerGuestTest extends CompilerIT {}
