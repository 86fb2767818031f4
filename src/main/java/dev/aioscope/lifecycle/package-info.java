/** Contexts and teardowns put together from events, driven by the events' own time and nothing else. */
@NullMarked
package dev.aioscope.lifecycle;

import org.jspecify.annotations.NullMarked;
