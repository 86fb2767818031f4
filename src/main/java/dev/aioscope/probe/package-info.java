/** The interface to a source of events and scans, for all engines and for recordings. */
@NullMarked
package dev.aioscope.probe;

import org.jspecify.annotations.NullMarked;
