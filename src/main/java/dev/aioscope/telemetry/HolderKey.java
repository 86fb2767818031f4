package dev.aioscope.telemetry;

import dev.aioscope.host.Container;
import dev.aioscope.host.Identity;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.telemetry.Metric.Label;
import io.micrometer.core.instrument.Tags;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A holder: the processes that are counted together. Two are equal if they are the same holder, also when the names of its
 * container became known meanwhile.
 *
 * @param container its ID; null if there is none
 * @param unit name of the systemd unit; null in a container, and if there is none
 * @param names of its container
 * @param pid null unless each process is a holder
 */
record HolderKey(
        String executable,
        @Nullable String container,
        @Nullable String unit,
        Names names,
        @Nullable Integer pid) {
    static final String OTHER = "other";

    /** All holders without their own series. */
    static final HolderKey OTHERS = new HolderKey(OTHER, null, null, Names.NONE, null);

    /**
     * The names of a container; each is null if it is unknown.
     *
     * @param pod name of its pod
     * @param podUid UID of its pod
     * @param container its name in its pod
     */
    record Names(
            @Nullable String runtime,
            @Nullable String namespace,
            @Nullable String pod,
            @Nullable String podUid,
            @Nullable String container) {
        static final Names NONE = new Names(null, null, null, null, null);

        private static Names of(Container container) {
            return new Names(
                    container.runtime(),
                    container.podNamespace(),
                    container.podName(),
                    container.podUid(),
                    container.isInPod() ? container.name() : null);
        }
    }

    /** A process; {@link #OTHERS} for an unknown task. */
    static HolderKey of(@Nullable Task task, Identity identity, boolean byPid) {
        if (task == null) {
            return OTHERS;
        }
        Optional<Container> place = identity.container();
        Optional<Container> container = place.filter(found -> !found.isUnit());
        return new HolderKey(
                executable(identity, task),
                container.map(Container::id).orElse(null),
                place.filter(Container::isUnit).map(Container::id).orElse(null),
                container.map(Names::of).orElse(Names.NONE),
                byPid ? (Integer) task.pid() : null);
    }

    /** The holders of this one's namespace that have no series. */
    HolderKey othersOfNamespace() {
        return new HolderKey(OTHER, null, null, new Names(null, names.namespace, null, null, null), null);
    }

    /** The holders of this one's pod that have no series. */
    HolderKey othersOfPod() {
        return new HolderKey(OTHER, null, null, new Names(null, names.namespace, names.pod, names.podUid, null), null);
    }

    static String executable(Identity identity, Task task) {
        String program = identity.executableName();
        return program == null ? "[" + task.comm() + "]" : program;
    }

    Tags tags() {
        Tags tags = Metrics.tags(Label.EXECUTABLE, executable);
        tags = Metrics.and(tags, Label.CONTAINER, container);
        tags = Metrics.and(tags, Label.RUNTIME, names.runtime);
        tags = Metrics.and(tags, Label.UNIT, unit);
        tags = Metrics.and(tags, Label.NAMESPACE, names.namespace);
        tags = Metrics.and(tags, Label.POD, names.pod);
        tags = Metrics.and(tags, Label.POD_UID, names.podUid);
        tags = Metrics.and(tags, Label.POD_CONTAINER, names.container);
        return Metrics.and(tags, Label.PID, pid == null ? null : pid.toString());
    }

    /** The names of a container follow from its ID. */
    private Names namesWithoutContainer() {
        return container == null ? names : Names.NONE;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HolderKey key
                && executable.equals(key.executable)
                && Objects.equals(container, key.container)
                && Objects.equals(unit, key.unit)
                && Objects.equals(pid, key.pid)
                && namesWithoutContainer().equals(key.namesWithoutContainer());
    }

    @Override
    public int hashCode() {
        return Objects.hash(executable, container, unit, pid, namesWithoutContainer());
    }
}
