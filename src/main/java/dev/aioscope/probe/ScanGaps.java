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
 * @param scope the processes that the scan listed
 */
public record ScanGaps(Set<Integer> unreadable, Set<Integer> partial, Scope scope) {
    /** A complete scan. */
    public static final ScanGaps NONE = new ScanGaps(Set.of(), Set.of(), Scope.HOST);

    /** A kernel without iterators lists nothing: only events show contexts. */
    public static final ScanGaps NO_SCAN = new ScanGaps(Set.of(), Set.of(), Scope.NOTHING);

    /** Which processes a scan lists. */
    public enum Scope {
        /** All processes. */
        HOST,
        /** Those of a pid namespace that is not the host's. */
        NAMESPACE,
        /** None. */
        NOTHING;

        /** The scope of a scan that a namespace limits. */
        public static Scope ofNamespace(boolean isHosts) {
            return isHosts ? HOST : NAMESPACE;
        }

        /** The number in recordings. */
        public byte code() {
            return switch (this) {
                case HOST -> 0;
                case NAMESPACE -> 1;
                case NOTHING -> 2;
            };
        }

        /** The name in JSON. */
        public String label() {
            return switch (this) {
                case HOST -> "host";
                case NAMESPACE -> "pid_namespace";
                case NOTHING -> "events";
            };
        }
    }

    private static final int MOST_NAMED = 5;

    /** Copies the sets. */
    public ScanGaps {
        unreadable = Set.copyOf(unreadable);
        partial = Set.copyOf(partial);
    }

    /** A complete scan of the host, or of a pid namespace that is not the host's. */
    public static ScanGaps ofNamespace(boolean isHosts) {
        return new ScanGaps(Set.of(), Set.of(), Scope.ofNamespace(isHosts));
    }

    /** Whether the scan listed all processes of the host. */
    public boolean isOfHost() {
        return scope == Scope.HOST;
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
