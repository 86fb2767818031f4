/** The interface to the running kernel: system calls, type information, symbols, capabilities, limits, clocks. */
@NullMarked
package dev.aioscope.kernel;

import org.jspecify.annotations.NullMarked;
