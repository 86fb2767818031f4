/** Selects, opens and reads the probes. */
@NullMarked
package dev.aioscope.agent;

import org.jspecify.annotations.NullMarked;
