package dev.aioscope.guest;

import dev.aioscope.kernel.Errno;
import dev.aioscope.probe.ProbePoint.Mode;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.LoadFailure;
import dev.aioscope.probe.bpf.Plan;
import dev.aioscope.probe.bpf.Programs;
import dev.aioscope.probe.bpf.Settings;
import dev.aioscope.probe.bpf.Site;
import org.jspecify.annotations.Nullable;

/**
 * An engine as on a kernel whose compiler has put aio_complete into its callers. Those of the lab all have the function:
 * the answers to what would be placed on it are invented, all others are the kernel's.
 *
 * @param engine does the rest
 */
record WithoutAioComplete(Engine engine) implements Engine {
    private static final String ANSWER = "no such function";

    @Override
    public String label() {
        return engine.label();
    }

    @Override
    public Programs open(Settings settings) {
        return new Refusing(engine.open(settings));
    }

    @Override
    public String toString() {
        return label() + " without aio_complete";
    }

    private record Refusing(Programs programs) implements Programs {
        @Override
        public @Nullable LoadFailure load(Plan plan) {
            return plan.mode(Site.AIO_COMPLETE) == Mode.FENTRY
                    ? new LoadFailure(Site.AIO_COMPLETE.program(Mode.FENTRY), Errno.ENOENT, ANSWER)
                    : programs.load(plan);
        }

        @Override
        public @Nullable String attach(Site site, Mode mode) {
            return site == Site.AIO_COMPLETE ? ANSWER : programs.attach(site, mode);
        }

        @Override
        public void detach(Site site) {
            programs.detach(site);
        }

        @Override
        public boolean isAttached(Site site) {
            return programs.isAttached(site);
        }

        @Override
        public int newIteration(Site site) {
            return programs.newIteration(site);
        }

        @Override
        public int map(String name) {
            return programs.map(name);
        }

        @Override
        public @Nullable Long missed() {
            return programs.missed();
        }

        @Override
        public void close() {
            programs.close();
        }
    }
}
