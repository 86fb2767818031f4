/** The daemon: wiring, settings in force, health, reload and HTTP endpoints. */
@NullMarked
package dev.aioscope.daemon;

import org.jspecify.annotations.NullMarked;
