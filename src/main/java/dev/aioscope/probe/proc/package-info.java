/** The tier {@code proc}: scans of /proc without BPF, in helper processes that may hang. */
@NullMarked
package dev.aioscope.probe.proc;

import org.jspecify.annotations.NullMarked;
