/** Reads and validates settings from the settings file and the environment. */
@NullMarked
package dev.aioscope.config;

import org.jspecify.annotations.NullMarked;
