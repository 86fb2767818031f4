package dev.aioscope.audit;

import dev.aioscope.lifecycle.Teardown;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The latest teardowns and setups, for the clauses that one teardown alone cannot decide. */
final class RecentKills {
    private static final int MOST = 1024;
    /** A change of fs.aio-nr within this time of a kill_ioctx makes its values unusable. */
    private static final long QUIET_NS = 1_000_000_000;
    /** A change without an event can disturb one teardown, but not so many in a row. */
    private static final int IN_A_ROW = 3;

    private final Map<Long, Kill> byPointer = new LinkedHashMap<>();
    private final ArrayDeque<Long> changes = new ArrayDeque<>();
    private int mismatches;

    /** A kill_ioctx that ended its context, and the last use of that context. */
    private record Kill(String context, long enter, long exit, long lastUse) {
        /** Whether both ended the same context: the kernel reuses a pointer only after it has freed the memory. */
        boolean isSameContext(Kill other) {
            return enter <= other.lastUse && other.enter <= lastUse;
        }
    }

    /** A call charged the quota, or tried to. */
    void changed(long time) {
        changes.addLast(time);
        if (changes.size() > MOST) {
            changes.removeFirst();
        }
    }

    /** The evidence of this teardown together with earlier ones. */
    List<Observation> observe(Teardown t) {
        List<Observation> observations = new ArrayList<>();
        Long enter = t.phases().killEnterTime();
        Long exit = t.phases().killExitTime();
        if (enter == null || exit == null || t.context().kioctx() == 0) {
            return observations;
        }
        Kill kill = new Kill(
                t.context().id(),
                enter,
                exit,
                t.phases().reqsTime() == null ? exit : Math.max(exit, t.phases().reqsTime()));
        once(t, kill, observations);
        charge(t, kill, observations);
        return observations;
    }

    private void once(Teardown t, Kill kill, List<Observation> observations) {
        Kill before = byPointer.remove(t.context().kioctx());
        if (before != null && before.isSameContext(kill)) {
            String values = "kill_ioctx ended one context twice, as " + before.context + " and as " + kill.context;
            observations.add(Checks.violated(Clause.S1, t, values));
            observations.add(Checks.violated(Clause.N3, t, values));
        }
        byPointer.put(t.context().kioctx(), kill);
        if (byPointer.size() > MOST) {
            byPointer.remove(byPointer.keySet().iterator().next());
        }
    }

    private void charge(Teardown t, Kill kill, List<Observation> observations) {
        Long before = t.kernel().aioNrBefore();
        Long after = t.kernel().aioNrAfter();
        Integer charge = t.context().maxReqs();
        if (before != null && after != null && charge != null) {
            String values = "fs.aio-nr went from " + before + " to " + after + ", the charge is "
                    + Integer.toUnsignedString(charge);
            if (before - after == Integer.toUnsignedLong(charge)) {
                mismatches = 0;
                observations.add(Checks.held(Clause.S3, t, values));
                observations.add(Checks.held(Clause.T3, t, values));
            } else if (isQuiet(kill) && ++mismatches >= IN_A_ROW) {
                observations.add(Checks.violated(Clause.S3, t, values));
                observations.add(Checks.violated(Clause.T3, t, values));
            }
        }
        changed(kill.enter);
    }

    private boolean isQuiet(Kill kill) {
        return changes.stream().allMatch(time -> time < kill.enter - QUIET_NS || time > kill.exit + QUIET_NS);
    }
}
