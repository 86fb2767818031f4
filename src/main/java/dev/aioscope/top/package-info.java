/** The live view: its model, keys, and rendering in a terminal. */
@NullMarked
package dev.aioscope.top;

import org.jspecify.annotations.NullMarked;
