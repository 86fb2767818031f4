/** The engine bcc: the probe source compiled on the host by libbcc, called through JNA. */
@NullMarked
package dev.aioscope.probe.bcc;

import org.jspecify.annotations.NullMarked;
