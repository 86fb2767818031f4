/** Findings as data: what works on this host, what a stuck process waits for, what fits into the quota. */
@NullMarked
package dev.aioscope.diagnosis;

import org.jspecify.annotations.NullMarked;
