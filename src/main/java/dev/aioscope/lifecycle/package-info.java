/** Correlates events into contexts and teardowns. The only clock is the time of the events. */
@NullMarked
package dev.aioscope.lifecycle;

import org.jspecify.annotations.NullMarked;
