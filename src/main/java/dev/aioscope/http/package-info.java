/** What the agent shows by HTTP: metrics, health, and what goes on. */
@NullMarked
package dev.aioscope.http;

import org.jspecify.annotations.NullMarked;
