package dev.aioscope.guest;

import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.bpf.AttachPlan;
import dev.aioscope.probe.bpf.AttachTarget;
import dev.aioscope.probe.bpf.LoadFailure;
import dev.aioscope.probe.bpf.Programs;
import org.jspecify.annotations.Nullable;

/** Programs of an engine, whose methods subclasses replace. */
abstract class ForwardingPrograms implements Programs {
    private final Programs programs;

    ForwardingPrograms(Programs programs) {
        this.programs = programs;
    }

    @Override
    public @Nullable LoadFailure load(AttachPlan plan) {
        return programs.load(plan);
    }

    @Override
    public @Nullable String attach(AttachTarget target, Mode mode) {
        return programs.attach(target, mode);
    }

    @Override
    public void detach(AttachTarget target) {
        programs.detach(target);
    }

    @Override
    public boolean isAttached(AttachTarget target) {
        return programs.isAttached(target);
    }

    @Override
    public int newIteration(AttachTarget target) {
        return programs.newIteration(target);
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
