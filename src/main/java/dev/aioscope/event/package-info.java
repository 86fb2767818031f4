/** The records the probes write, and the typed events decoded from them. */
@NullMarked
package dev.aioscope.event;

import org.jspecify.annotations.NullMarked;
