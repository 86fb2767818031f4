package dev.aioscope.probe;

import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The processes of the host that a look could not see into. Of what is missing of them nothing may be concluded.
 *
 * @param refused those that the kernel does not show to this user
 * @param unfinished those that were not read to their end in time, or hold more contexts than are read
 */
public record ScanGaps(Set<Integer> refused, Set<Integer> unfinished) {
    /** A look that has seen everything. */
    public static final ScanGaps NOTHING = new ScanGaps(Set.of(), Set.of());

    private static final int MOST_NAMED = 5;

    /** Copies the processes. */
    public ScanGaps {
        refused = Set.copyOf(refused);
        unfinished = Set.copyOf(unfinished);
    }

    /** How many were refused and what would change that, a sentence without its full stop; empty if none was. */
    public Optional<String> refusal() {
        String hint = Host.has(Capability.CAP_SYS_PTRACE)
                ? ", not even with CAP_SYS_PTRACE"
                : ": run aioscope as root, or give it CAP_SYS_PTRACE";
        return refused.isEmpty() ? Optional.empty() : Optional.of(count(refused) + " may not be read" + hint);
    }

    /** Which ones are not finished, a sentence without its full stop; empty if none is. */
    public Optional<String> gap() {
        return unfinished.isEmpty()
                ? Optional.empty()
                : Optional.of(count(unfinished) + " could not be read to the end: "
                        + unfinished.stream()
                                .sorted()
                                .limit(MOST_NAMED)
                                .map(String::valueOf)
                                .collect(Collectors.joining(", "))
                        + (unfinished.size() > MOST_NAMED ? " …" : ""));
    }

    private static String count(Set<Integer> processes) {
        return processes.size() + (processes.size() == 1 ? " process" : " processes");
    }
}
