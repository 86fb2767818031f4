package dev.aioscope.telemetry;

import dev.aioscope.event.Trigger;
import dev.aioscope.host.Container;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.telemetry.Metric.Label;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who holds the quota and who waits, as of the latest look, and which programs leave contexts to their exit. The number of
 * series is bounded, however many processes there are: the largest holders have series of their own, all others together
 * are {@code other}.
 *
 * <p>{@link #onScan} and {@link #onTeardown} may wait for the identity of a process: neither is for the thread that reads
 * the events.
 */
public final class HolderMetrics implements LifecycleListener, MultiCollector {
    static final String OTHER = "other";

    private final Identities identities;
    private final LongSupplier bootTime;
    private final HolderSelection holders;
    private final boolean byPid;
    private final int most;

    private volatile @Nullable Scan view;
    private Map<Who, Held> held = Map.of();
    private final Map<String, Long> leaked = new LinkedHashMap<>();

    /**
     * Whose contexts are counted together.
     *
     * @param executable null for {@link #OTHERS}
     * @param container null if there is none
     * @param pid null unless it was asked for
     */
    record Who(
            String executable,
            @Nullable String container,
            @Nullable Integer pid) {
        static final Who OTHERS = new Who(OTHER, null, null);

        private Labels labels() {
            Labels labels = Families.labels(Label.EXECUTABLE, executable);
            labels = Families.with(labels, Label.CONTAINER, container);
            return Families.with(labels, Label.PID, pid == null ? null : pid.toString());
        }
    }

    /**
     * What they hold.
     *
     * @param charge null if that could be read of none
     */
    record Held(long contexts, @Nullable Long charge) {
        static final Held NOTHING = new Held(0, 0L);

        Held plus(Held more) {
            if (contexts == 0 || more.contexts == 0) {
                return contexts == 0 ? more : this;
            }
            Long both = charge == null || more.charge == null ? null : (Long) (charge + more.charge);
            return new Held(contexts + more.contexts, both != null ? both : charge != null ? charge : more.charge);
        }

        /** By which they are compared: the charge or, where none is seen, the contexts. */
        long size() {
            return charge == null ? contexts : charge;
        }
    }

    /**
     * Prepares.
     *
     * @param identities who the processes are; may wait
     * @param bootTime now, CLOCK_BOOTTIME ns
     * @param most how many holders have series of their own
     * @param byPid whether each process is a holder; else those of one executable in one container are one
     */
    public HolderMetrics(Identities identities, LongSupplier bootTime, int most, boolean byPid) {
        this.identities = identities;
        this.bootTime = bootTime;
        this.most = most;
        this.byPid = byPid;
        this.holders = new HolderSelection(most);
    }

    /** Takes a look's findings over; the same look a second time changes nothing. */
    public void onScan(Scan look) {
        Scan last = view;
        if (last != null && last.time() == look.time()) {
            return;
        }
        Map<Who, Held> all = new HashMap<>();
        for (LiveContext context : look.snapshot().contexts()) {
            Integer charge = context.charge();
            all.merge(who(context), new Held(1, charge == null ? null : (Long) charge.longValue()), Held::plus);
        }
        synchronized (this) {
            held = holders.select(all);
            view = look;
        }
    }

    private Who who(LiveContext context) {
        Task owner = context.owner();
        Identity identity = identities.of(owner, context.mm(), true);
        return new Who(
                executable(identity, owner),
                identity.container().map(Container::id).orElse(null),
                byPid ? (Integer) owner.pid() : null);
    }

    private static String executable(Identity identity, Task task) {
        String path = identity.executable();
        return path == null ? "[" + task.comm() + "]" : path.substring(path.lastIndexOf('/') + 1);
    }

    @Override
    public void onTeardown(Teardown teardown) {
        Task owner = teardown.context().owner() != null ? teardown.context().owner() : teardown.caller();
        if (teardown.trigger() != Trigger.EXIT || owner == null) {
            return;
        }
        String executable = executable(identities.ofOwner(teardown), owner);
        synchronized (this) {
            // A counter cannot move to another series later: the first ones stay.
            boolean hasRoom = leaked.containsKey(executable) || leaked.size() < most;
            leaked.merge(hasRoom ? executable : OTHER, 1L, Long::sum);
        }
    }

    @Override
    public synchronized MetricSnapshots collect() {
        Families families = new Families();
        leaked.forEach((executable, count) ->
                families.counter(Metric.LEAKED, count, Families.labels(Label.EXECUTABLE, executable)));
        Scan look = view;
        if (look == null) {
            return families.build();
        }
        Inventory snapshot = look.snapshot();
        families.gauge(Metric.EVENT_UNATTRIBUTED, snapshot.unattributed(), Labels.EMPTY);
        families.gauge(Metric.LOOK_AGE, (bootTime.getAsLong() - look.time()) / 1e9, Labels.EMPTY);
        unseen(families, "refused", snapshot.unseen().unreadable());
        unseen(families, "unfinished", snapshot.unseen().partial());
        boolean isCharged = snapshot.charge() != null;
        held.forEach((who, what) -> families.gauge(Metric.HOLDER_USAGE, isCharged ? what.charge : null, who.labels())
                .gauge(Metric.CONTEXT_ACTIVE, what.contexts, who.labels()));
        waiting(families, look);
        return families.build();
    }

    private static void unseen(Families families, String reason, Set<Integer> processes) {
        families.gauge(Metric.LOOK_UNSEEN, processes.size(), Families.labels(Label.REASON, reason));
    }

    private static void waiting(Families families, Scan look) {
        Map<Trigger, Integer> count = new EnumMap<>(Map.of(Trigger.DESTROY, 0, Trigger.EXIT, 0));
        Map<Trigger, Long> oldest = new EnumMap<>(Trigger.class);
        Map<String, Integer> stuck = new TreeMap<>();
        for (TeardownInProgress going : look.inProgress()) {
            Trigger trigger = going.known().trigger();
            if (trigger != null && going.isWaitedFor()) {
                count.merge(trigger, 1, Integer::sum);
                oldest.merge(trigger, going.age(look.time()), Math::max);
            }
            if (going.isStuck()) {
                stuck.merge(going.waitReason() == null ? "" : going.waitReason().label(), 1, Integer::sum);
            }
        }
        stuck.forEach((waitReason, number) -> families.gauge(
                Metric.TEARDOWN_STUCK,
                number,
                Families.with(Labels.EMPTY, Label.WAITS_FOR, waitReason.isEmpty() ? null : waitReason)));
        count.forEach((trigger, number) ->
                families.gauge(Metric.UNINTERRUPTIBLE_ACTIVE, number, Families.labels(Label.TRIGGER, trigger.label())));
        oldest.forEach((trigger, age) -> families.gauge(
                Metric.UNINTERRUPTIBLE_OLDEST, age / 1e9, Families.labels(Label.TRIGGER, trigger.label())));
    }
}
