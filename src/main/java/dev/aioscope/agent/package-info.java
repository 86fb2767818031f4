/** Wires an engine, the correlation and its listeners into a running whole. */
@NullMarked
package dev.aioscope.agent;

import org.jspecify.annotations.NullMarked;
