/** The engine {@code core}: loads prebuilt BPF objects through libbpf. */
@NullMarked
package dev.aioscope.probe.core;

import org.jspecify.annotations.NullMarked;
