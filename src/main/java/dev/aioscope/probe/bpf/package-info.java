/** What the engines that load BPF programs have in common: what is attached where, and how its records are read. */
@NullMarked
package dev.aioscope.probe.bpf;

import org.jspecify.annotations.NullMarked;
