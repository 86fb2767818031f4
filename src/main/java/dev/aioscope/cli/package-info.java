/** The commands. */
@NullMarked
package dev.aioscope.cli;

import org.jspecify.annotations.NullMarked;
