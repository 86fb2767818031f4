/** The commands a person types. */
@NullMarked
package dev.aioscope.cli;

import org.jspecify.annotations.NullMarked;
