/** The live view: what is to be seen, how keys change that, and how it is drawn in a terminal. */
@NullMarked
package dev.aioscope.top;

import org.jspecify.annotations.NullMarked;
