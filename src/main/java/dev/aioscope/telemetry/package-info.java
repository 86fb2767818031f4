/** What leaves the agent as traces and meters. */
@NullMarked
package dev.aioscope.telemetry;

import org.jspecify.annotations.NullMarked;
