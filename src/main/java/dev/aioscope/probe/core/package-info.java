/** The engine that loads the prebuilt BPF objects through libbpf. */
@NullMarked
package dev.aioscope.probe.core;

import org.jspecify.annotations.NullMarked;
