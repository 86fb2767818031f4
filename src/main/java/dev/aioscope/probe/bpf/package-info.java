/** The common part of the engines that load BPF programs: attach targets, maps, and reading records. */
@NullMarked
package dev.aioscope.probe.bpf;

import org.jspecify.annotations.NullMarked;
