/** Traces and metrics of the agent, and their export. */
@NullMarked
package dev.aioscope.telemetry;

import org.jspecify.annotations.NullMarked;
