package dev.aioscope.top;

import dev.aioscope.agent.TaskFilter;
import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Builds frames for tests. Time starts at 100 s after boot, which was at midnight; the quota is 1000. */
final class Frames {
    static final long SECOND = 1_000_000_000L;
    static final long BEGAN = 100 * SECOND;

    private static final LimitFile LIMIT_FILE = new LimitFile("/etc/sysctl.d/a.conf", 1, "1000", false, null);

    long now = BEGAN;
    final Activity activity = new Activity(() -> now, () -> LIMIT_FILE);
    final List<LiveContext> contexts = new ArrayList<>();
    final List<TeardownInProgress> inProgress = new ArrayList<>();
    final Map<ProcessKey, Identity> identities = new HashMap<>();
    Long aioNr = 0L;
    Number aioMaxNr = 1000;
    long lost;
    private Tier tier = Tier.FULL;
    private ScanGaps gaps = ScanGaps.NONE;

    static Task task(int pid, String comm) {
        return new Task(pid, pid, comm, 1, pid);
    }

    /** Adds a context that was set up at the start. */
    Frames holds(int pid, String comm, Integer charge, Integer outstanding) {
        long handle = 0x7f0000000000L + contexts.size() * 0x1000L;
        contexts.add(new LiveContext(task(pid, comm), BEGAN, pid, handle, charge, 511, outstanding, 0));
        aioNr += charge == null ? 0 : charge;
        return this;
    }

    Frames is(int pid, String user, String cgroup, String... command) {
        return is(pid, user, cgroup, Namespaces.HOST, command);
    }

    Frames is(int pid, String user, String cgroup, Namespaces namespaces, String... command) {
        identities.put(
                new ProcessKey(pid, pid),
                new Identity(null, command[0], List.of(command), false, user, null, cgroup, namespaces));
        return this;
    }

    /** Adds an io_destroy that returns now, after this wait. */
    Frames destroys(int pid, String comm, long nanos) {
        TeardownBuilder teardown = TeardownBuilder.idle();
        teardown.context = dev.aioscope.lifecycle.Context.of(7, 0, pid, 0x7f0000001000L)
                .withSize(128, 511)
                .withOwner(task(pid, comm))
                .withSetup(null, 5L, null);
        teardown.caller = task(pid, comm);
        long shift = now - nanos - teardown.callTime;
        teardown.callTime += shift;
        teardown.killEnterTime += shift;
        teardown.killExitTime += shift;
        teardown.usersEnterTime += shift;
        teardown.usersExitTime += shift;
        teardown.reqsTime = now;
        teardown.returnTime = now;
        activity.onTeardown(teardown.build());
        return this;
    }

    /** Adds a teardown in progress since this time. */
    Frames waits(int pid, String comm, long since, Long... kernelStack) {
        TeardownBuilder teardown = new TeardownBuilder();
        teardown.context =
                dev.aioscope.lifecycle.Context.of(8, 0, pid, 0x7f0000002000L).withOwner(task(pid, comm));
        teardown.caller = task(pid, comm);
        teardown.trigger = Trigger.EXIT;
        teardown.end = Teardown.End.IN_PROGRESS;
        teardown.killEnterTime = since;
        inProgress.add(new TeardownInProgress(
                teardown.build(), since, WaitReason.REQUESTS, 2, 0, true, List.of(kernelStack), true));
        return this;
    }

    Frames tier(Tier value) {
        tier = value;
        return this;
    }

    Frames gaps(ScanGaps value) {
        gaps = value;
        return this;
    }

    Frame take() {
        Scan scan = new Scan(
                now, new Inventory(tier, contexts, inProgress.size(), gaps, Quotas.of(aioNr, aioMaxNr)), inProgress);
        return new Frame(scan, activity.at(now), identities, TaskFilter.ALL, lost, 0);
    }

    TopModel model() {
        return TopModel.START.show(take());
    }
}
