/** What works on this host and what a stuck process waits for, as data. */
@NullMarked
package dev.aioscope.diagnosis;

import org.jspecify.annotations.NullMarked;
