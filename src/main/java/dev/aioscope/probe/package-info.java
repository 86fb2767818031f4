/** The one interface to a source of events and inventory, whatever engine stands behind it. */
@NullMarked
package dev.aioscope.probe;

import org.jspecify.annotations.NullMarked;
