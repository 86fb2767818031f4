package dev.aioscope.probe.bpf;

import dev.aioscope.probe.ProbeException;

/** A source of BPF programs. */
public interface Engine {
    /** {@code core} or {@code bcc}. */
    String label();

    /**
     * Opens all programs without loading them.
     *
     * @throws ProbeException if the engine does not work on this host
     */
    Programs open(ProbeSettings settings);
}
