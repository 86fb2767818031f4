/** The tier {@code proc}: what /proc tells without BPF, read by a process that may hang. */
@NullMarked
package dev.aioscope.probe.proc;

import org.jspecify.annotations.NullMarked;
