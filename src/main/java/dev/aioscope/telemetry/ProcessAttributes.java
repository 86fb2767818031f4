package dev.aioscope.telemetry;

import dev.aioscope.host.Container;
import dev.aioscope.host.Identity;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.Task;
import io.opentelemetry.api.common.AttributesBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Describes processes in attributes of spans. */
final class ProcessAttributes {

    private ProcessAttributes() {}

    /** The thread that made the call or released the address space, and its process. */
    static void caller(Task caller, Identity identity, WallClock clock, AttributesBuilder attributes) {
        SpanAttribute.PID.set(attributes, (long) caller.pid());
        Integer vpid = identity.namespaces().pid();
        SpanAttribute.VPID.set(attributes, vpid == null ? null : (Long) vpid.longValue());
        SpanAttribute.TID.set(attributes, (long) caller.tid());
        SpanAttribute.THREAD_NAME.set(attributes, caller.comm());
        Long start = caller.beginning();
        SpanAttribute.CREATION_TIME.set(attributes, start == null ? null : iso(clock.epochNanos(start)));
        SpanAttribute.EXECUTABLE_NAME.set(attributes, identity.executableName());
        SpanAttribute.EXECUTABLE_PATH.set(attributes, identity.executable());
        SpanAttribute.COMMAND_ARGS.set(attributes, arguments(identity));
        SpanAttribute.USER.set(attributes, identity.user());
        SpanAttribute.CGROUP.set(attributes, identity.cgroupLine());
        Container container = container(identity);
        if (container != null) {
            SpanAttribute.CONTAINER_ID.set(attributes, container.id());
            SpanAttribute.CONTAINER_RUNTIME.set(attributes, container.runtime());
            (container.isInPod() ? SpanAttribute.POD_CONTAINER : SpanAttribute.CONTAINER_NAME)
                    .set(attributes, container.name());
            SpanAttribute.NAMESPACE.set(attributes, container.podNamespace());
            SpanAttribute.POD_NAME.set(attributes, container.podName());
            SpanAttribute.POD_UID.set(attributes, container.podUid());
        }
    }

    /** The owner of a context, unless its process is the caller. */
    static void owner(
            Context context, @Nullable Task caller, Supplier<Identity> identities, AttributesBuilder attributes) {
        Task owner = context.owner();
        if (owner == null || (caller != null && owner.pid() == caller.pid())) {
            return;
        }
        Identity identity = identities.get();
        Container container = container(identity);
        SpanAttribute.OWNER_PID.set(attributes, (long) owner.pid());
        SpanAttribute.OWNER_EXECUTABLE_PATH.set(attributes, identity.executable());
        SpanAttribute.OWNER_CGROUP.set(attributes, identity.cgroupLine());
        if (container != null) {
            SpanAttribute.OWNER_CONTAINER_ID.set(attributes, container.id());
            SpanAttribute.OWNER_NAMESPACE.set(attributes, container.podNamespace());
            SpanAttribute.OWNER_POD_NAME.set(attributes, container.podName());
            SpanAttribute.OWNER_POD_UID.set(attributes, container.podUid());
            SpanAttribute.OWNER_POD_CONTAINER.set(attributes, container.isInPod() ? container.name() : null);
        }
    }

    /** A process and its charge in one line: name, pid, container, charge. */
    static String line(Task task, Identity identity, long charge) {
        return task.comm() + " " + task.pid()
                + identity.container()
                        .map(container -> " "
                                + (container.podName() == null ? container.runtime() + ":" : container.label() + "/")
                                + container.id())
                        .orElse("")
                + " " + charge;
    }

    private static @Nullable List<String> arguments(Identity identity) {
        return identity.hidesArguments() || identity.arguments().isEmpty() ? null : identity.arguments();
    }

    private static String iso(long epochNanos) {
        return Instant.ofEpochSecond(0, epochNanos)
                .truncatedTo(ChronoUnit.MILLIS)
                .toString();
    }

    /** A systemd unit is not a container. */
    private static @Nullable Container container(Identity identity) {
        return identity.container().filter(found -> !found.isUnit()).orElse(null);
    }
}
