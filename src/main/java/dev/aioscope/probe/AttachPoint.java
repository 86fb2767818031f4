package dev.aioscope.probe;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One place in the kernel where a probe is wanted.
 *
 * @param name the function or tracepoint, with {@code return} after it for its end: {@code kill_ioctx return}
 * @param mode how it is attached; null if it is not
 * @param rejections what was tried before, or instead, in order
 */
public record AttachPoint(String name, @Nullable Mode mode, List<Rejection> rejections) {

    /** Ways to attach, cheapest first. */
    public enum Mode {
        /** A BPF trampoline at the entry. */
        FENTRY,
        /** A BPF trampoline around the function. */
        FEXIT,
        /** A breakpoint at the entry. */
        KPROBE,
        /** A breakpoint at the return; each call in progress takes one of a limited number of slots. */
        KRETPROBE,
        /** A system call tracepoint. */
        TRACEPOINT,
        /** A BPF iterator, run when it is asked for. */
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
     * A way that did not work.
     *
     * @param mode what was tried
     * @param reason what the kernel or libbpf said
     * @param hint what would change it
     */
    public record Rejection(Mode mode, String reason, String hint) {}

    /** Copies the refusals. */
    public AttachPoint {
        rejections = List.copyOf(rejections);
    }
}
