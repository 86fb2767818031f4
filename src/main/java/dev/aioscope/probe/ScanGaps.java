package dev.aioscope.probe;

import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a scan could not read. Draw no conclusion from what is missing of it.
 *
 * @param unreadable those that the kernel does not show to this user
 * @param partial those not read to the end in time, or with more contexts than a scan reads
 * @param isOfNamespace whether the scan listed only the processes of a pid namespace that is not the host's
 */
public record ScanGaps(Set<Integer> unreadable, Set<Integer> partial, boolean isOfNamespace) {
    /** A complete scan. */
    public static final ScanGaps NONE = new ScanGaps(Set.of(), Set.of(), false);

    private static final int MOST_NAMED = 5;

    /** Copies the sets. */
    public ScanGaps {
        unreadable = Set.copyOf(unreadable);
        partial = Set.copyOf(partial);
    }

    /** A complete scan of the host, or of a pid namespace that is not the host's. */
    public static ScanGaps ofNamespace(boolean isHosts) {
        return isHosts ? NONE : new ScanGaps(Set.of(), Set.of(), true);
    }

    /** The number of unreadable processes with a hint, a sentence without its full stop; empty if there are none. */
    public Optional<String> unreadableText() {
        String hint = Host.has(Capability.CAP_SYS_PTRACE)
                ? ", not even with CAP_SYS_PTRACE"
                : " (hint: run aioscope as root, or give it CAP_SYS_PTRACE)";
        return unreadable.isEmpty() ? Optional.empty() : Optional.of("cannot read " + count(unreadable) + hint);
    }

    /** The partially read processes by pid, a sentence without its full stop; empty if there are none. */
    public Optional<String> partialText() {
        return partial.isEmpty()
                ? Optional.empty()
                : Optional.of("cannot read " + count(partial) + " to the end: "
                        + partial.stream()
                                .sorted()
                                .limit(MOST_NAMED)
                                .map(String::valueOf)
                                .collect(Collectors.joining(", "))
                        + (partial.size() > MOST_NAMED ? " …" : ""));
    }

    private static String count(Set<Integer> processes) {
        return processes.size() + (processes.size() == 1 ? " process" : " processes");
    }
}
