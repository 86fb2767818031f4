package dev.aioscope.guest;

import dev.aioscope.kernel.Errno;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.bpf.AttachPlan;
import dev.aioscope.probe.bpf.AttachTarget;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.LoadFailure;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.Programs;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An engine as on a kernel before Linux 5.8: it rejects ring buffers and some programs as such a kernel does. The running
 * kernel loads and runs what remains.
 *
 * @param engine the delegate
 * @param rejected the modes whose programs do not load
 */
record OldKernelEngine(Engine engine, Set<Mode> rejected) implements Engine {
    /** Rejects ring buffers only. */
    OldKernelEngine(Engine engine) {
        this(engine, Set.of());
    }

    @Override
    public String label() {
        return engine.label();
    }

    @Override
    public Programs open(ProbeSettings settings) {
        return new OldKernelPrograms(engine.open(settings), settings.hasRingBuffer(), rejected);
    }

    private static final class OldKernelPrograms extends ForwardingPrograms {
        private final boolean hasRingBuffer;
        private final Set<Mode> rejected;

        OldKernelPrograms(Programs programs, boolean hasRingBuffer, Set<Mode> rejected) {
            super(programs);
            this.hasRingBuffer = hasRingBuffer;
            this.rejected = rejected;
        }

        @Override
        public @Nullable LoadFailure load(AttachPlan plan) {
            if (hasRingBuffer) {
                return new LoadFailure(null, Errno.EINVAL, "map 'events': failed to create: Invalid argument");
            }
            for (AttachTarget target : plan.targets()) {
                Mode mode = Objects.requireNonNull(plan.mode(target));
                if (rejected.contains(mode)) {
                    return new LoadFailure(target.program(mode), Errno.EINVAL, "Invalid argument (EINVAL)");
                }
            }
            return super.load(plan);
        }
    }
}
