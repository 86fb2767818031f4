/** Options that several commands share, and the converters of their values. */
@NullMarked
package dev.aioscope.cli.option;

import org.jspecify.annotations.NullMarked;
