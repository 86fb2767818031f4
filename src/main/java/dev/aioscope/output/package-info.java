/** Renders events, inventories and findings for people and as JSON. */
@NullMarked
package dev.aioscope.output;

import org.jspecify.annotations.NullMarked;
