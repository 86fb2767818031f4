package dev.aioscope.host;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes equal identities share their memory: most processes run few programs. Bounded, not thread-safe. */
final class IdentityInterner {
    private static final int MOST = 1024;

    private final Map<Object, Object> latest = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Object, Object> eldest) {
            return size() > MOST;
        }
    };

    /** An equal identity that shares memory with others. */
    Identity intern(Identity identity) {
        Identity known = (Identity) latest.get(identity);
        return known != null ? known : share(copy(identity));
    }

    private Identity copy(Identity identity) {
        List<String> arguments = identity.arguments().stream().map(this::share).toList();
        return new Identity(
                shareIfPresent(identity.comm()),
                shareIfPresent(identity.executable()),
                arguments,
                identity.hidesArguments(),
                shareIfPresent(identity.user()),
                shareIfPresent(identity.group()),
                shareIfPresent(identity.cgroupLine()),
                new Namespaces(
                        identity.namespaces().pid(),
                        shareIfPresent(identity.namespaces().hostName())),
                share(identity.kubernetes()));
    }

    private @Nullable String shareIfPresent(@Nullable String text) {
        return text == null ? null : share(text);
    }

    @SuppressWarnings("unchecked") // An equal string is a string, and an equal identity an identity.
    private <T> T share(T value) {
        Object known = latest.putIfAbsent(value, value);
        return known == null ? value : (T) known;
    }
}
