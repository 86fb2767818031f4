package dev.aioscope.probe.bpf;

import dev.aioscope.probe.ProbeException;

/** Where the BPF programs come from. */
public interface Engine {
    /** {@code core} or {@code bcc}. */
    String label();

    /**
     * All programs, none of them loaded yet.
     *
     * @param settings what they are told
     * @throws ProbeException if the engine cannot work here
     */
    Programs open(ProbeSettings settings);
}
