/** The one abstraction that every thread of the agent uses. */
@NullMarked
package dev.aioscope.worker;

import org.jspecify.annotations.NullMarked;
