/** What the running kernel offers: type information, symbols, capabilities, limits, and the tier they allow. */
@NullMarked
package dev.aioscope.kernel;

import org.jspecify.annotations.NullMarked;
