/** The specification of io_destroy as clauses, and what the running kernel was seen to make of them. */
@NullMarked
package dev.aioscope.audit;

import org.jspecify.annotations.NullMarked;
