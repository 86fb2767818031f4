/** The specification of io_destroy as clauses, and checks of the running kernel against them. */
@NullMarked
package dev.aioscope.audit;

import org.jspecify.annotations.NullMarked;
