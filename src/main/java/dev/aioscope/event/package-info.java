/** The records of the probes, and typed views of them. */
@NullMarked
package dev.aioscope.event;

import org.jspecify.annotations.NullMarked;
