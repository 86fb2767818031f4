/** What the operator has set, in the settings file and in the environment. */
@NullMarked
package dev.aioscope.config;

import org.jspecify.annotations.NullMarked;
