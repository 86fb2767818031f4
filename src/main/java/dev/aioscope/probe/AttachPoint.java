package dev.aioscope.probe;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A place in the kernel where a probe attaches, and how.
 *
 * @param name the function or tracepoint, followed by {@code return} for its end: {@code kill_ioctx return}
 * @param mode how the probe is attached; null if it is not
 * @param rejections the modes that did not work, in the order of the attempts
 */
public record AttachPoint(String name, @Nullable Mode mode, List<Rejection> rejections) {

    /** Ways to attach a probe, cheapest first. */
    public enum Mode {
        /** A BPF trampoline at the entry. */
        FENTRY,
        /** A BPF trampoline around the function. */
        FEXIT,
        /** A breakpoint at the entry. */
        KPROBE,
        /** A breakpoint at the return; each call in progress uses one of a limited number of slots. */
        KRETPROBE,
        /** A system call tracepoint. */
        TRACEPOINT,
        /** A BPF iterator, run on request. */
        ITERATOR;

        /** The modes with the same mechanism, this one included: what disables one disables all. */
        public Set<Mode> kind() {
            return switch (this) {
                case FENTRY, FEXIT -> Set.of(FENTRY, FEXIT);
                case KPROBE, KRETPROBE -> Set.of(KPROBE, KRETPROBE);
                case TRACEPOINT, ITERATOR -> Set.of(this);
            };
        }

        /** The name in output and metrics. */
        public String label() {
            return switch (this) {
                case FENTRY -> "fentry";
                case FEXIT -> "fexit";
                case KPROBE -> "kprobe";
                case KRETPROBE -> "kretprobe";
                case TRACEPOINT -> "tracepoint";
                case ITERATOR -> "iter";
            };
        }
    }

    /**
     * A mode that did not work.
     *
     * @param reason the message of the kernel or libbpf, or why the probe does not fire
     * @param hint how to fix it
     * @param isSilent whether the probe attached, but did not fire in a self-test
     */
    public record Rejection(Mode mode, String reason, String hint, boolean isSilent) {
        /** A probe that did not attach. */
        public Rejection(Mode mode, String reason, String hint) {
            this(mode, reason, hint, false);
        }
    }

    /** Copies the list. */
    public AttachPoint {
        rejections = List.copyOf(rejections);
    }

    /** Whether no mode works, and a probe attached but did not fire. */
    public boolean isSilent() {
        return mode == null && rejections.stream().anyMatch(Rejection::isSilent);
    }

    /** What does not work, if no mode does: {@code cannot attach to kill_ioctx}. */
    public String failure() {
        return isSilent() ? "probes on " + name + " do not fire" : "cannot attach to " + name;
    }

    /** The distinct hints of all modes. */
    public String hints() {
        return rejections.stream().map(Rejection::hint).distinct().collect(Collectors.joining(", or "));
    }
}
