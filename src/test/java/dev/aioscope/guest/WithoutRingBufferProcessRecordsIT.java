package dev.aioscope.guest;

import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.core.CoreEngine;

/** The records of processes, which have a separate queue on a kernel without BPF ring buffers. */
class WithoutRingBufferProcessRecordsIT extends ProcessRecordsIT {
    @Override
    Engine engine() {
        return new OldKernelEngine(new CoreEngine());
    }
}
