package dev.aioscope.output;

import dev.aioscope.host.Container;
import dev.aioscope.host.Identity;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Task;
import org.jspecify.annotations.Nullable;

/** Writes the identity of a process; all JSON objects use the same names. */
final class IdentityJson {
    private IdentityJson() {}

    /** The value of {@code start_time}. */
    static @Nullable Long startTime(WallClock clock, @Nullable Task task) {
        Long start = task == null ? null : task.beginning();
        return start == null ? null : (Long) clock.epochNanos(start);
    }

    /** Writes all names, each with a prefix. */
    static Json put(Json json, String prefix, Identity identity) {
        Container container = identity.container().orElse(null);
        json.put(prefix + "executable", identity.executable());
        json.put(prefix + "command", identity.command());
        json.put(prefix + "namespace_pid", identity.namespaces().pid());
        json.put(prefix + "user", identity.user());
        json.put(prefix + "group", identity.group());
        json.put(prefix + "cgroup", identity.cgroup());
        json.put(prefix + "container_runtime", container == null ? null : container.runtime());
        json.put(prefix + "container_id", container == null ? null : container.id());
        json.put(prefix + "pod_uid", container == null ? null : container.podUid());
        json.put(prefix + "pod_name", container == null ? null : container.podName());
        json.put(prefix + "pod_namespace", container == null ? null : container.podNamespace());
        json.put(prefix + "container_name", container == null ? null : container.name());
        return json;
    }
}
