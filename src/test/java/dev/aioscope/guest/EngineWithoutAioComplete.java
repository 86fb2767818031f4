package dev.aioscope.guest;

import dev.aioscope.kernel.Errno;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.bpf.AttachPlan;
import dev.aioscope.probe.bpf.AttachTarget;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.LoadFailure;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.Programs;
import org.jspecify.annotations.Nullable;

/**
 * An engine as on a kernel whose compiler inlined aio_complete. All lab kernels have the function: this class invents
 * the results for programs on it and delegates all others.
 *
 * @param engine the delegate
 */
record EngineWithoutAioComplete(Engine engine) implements Engine {
    private static final String ANSWER = "no such function";

    @Override
    public String label() {
        return engine.label();
    }

    @Override
    public Programs open(ProbeSettings settings) {
        return new RejectingPrograms(engine.open(settings));
    }

    @Override
    public String toString() {
        return label() + " without aio_complete";
    }

    private static final class RejectingPrograms extends ForwardingPrograms {
        RejectingPrograms(Programs programs) {
            super(programs);
        }

        @Override
        public @Nullable LoadFailure load(AttachPlan plan) {
            return plan.mode(AttachTarget.AIO_COMPLETE) == Mode.FENTRY
                    ? new LoadFailure(AttachTarget.AIO_COMPLETE.program(Mode.FENTRY), Errno.ENOENT, ANSWER)
                    : super.load(plan);
        }

        @Override
        public @Nullable String attach(AttachTarget site, Mode mode) {
            return site == AttachTarget.AIO_COMPLETE ? ANSWER : super.attach(site, mode);
        }
    }
}
