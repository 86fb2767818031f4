package dev.aioscope.host;

import java.util.Locale;
import java.util.Optional;

/** How holders of contexts are grouped. */
public enum GroupBy {
    PROCESS,
    CONTAINER,
    CGROUP,
    USER;

    /** The name of the container, cgroup or user; empty if it is unknown, and always empty for {@link #PROCESS}. */
    public Optional<String> nameOf(Identity identity) {
        return switch (this) {
            case PROCESS -> Optional.empty();
            case CONTAINER -> identity.container().map(Container::uniqueLabel);
            case CGROUP -> Optional.ofNullable(identity.cgroup());
            case USER -> Optional.ofNullable(identity.user());
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
