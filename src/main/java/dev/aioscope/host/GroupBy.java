package dev.aioscope.host;

import java.util.Locale;
import java.util.Optional;

/** What those that hold contexts have in common, to be added up. */
public enum GroupBy {
    PROCESS,
    CONTAINER,
    CGROUP,
    USER;

    /** The name of the container, cgroup or user; empty for a process, which has more than a name, or if it is not known. */
    public Optional<String> of(Identity identity) {
        return switch (this) {
            case PROCESS -> Optional.empty();
            case CONTAINER -> identity.container().map(Container::label);
            case CGROUP -> Optional.ofNullable(identity.cgroup());
            case USER -> Optional.ofNullable(identity.user());
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
