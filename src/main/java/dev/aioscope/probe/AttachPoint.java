package dev.aioscope.probe;

import java.util.List;
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
     * @param reason the message of the kernel or libbpf
     * @param hint how to fix it
     */
    public record Rejection(Mode mode, String reason, String hint) {}

    /** Copies the list. */
    public AttachPoint {
        rejections = List.copyOf(rejections);
    }
}
