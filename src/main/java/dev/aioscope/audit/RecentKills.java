package dev.aioscope.audit;

import dev.aioscope.lifecycle.Teardown;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The latest teardowns and set-ups, as far as clauses need them that one teardown alone does not decide. */
final class RecentKills {
    private static final int MOST = 1024;
    /** Whatever changes fs.aio-nr within this time of a kill_ioctx makes what is read there nobody's. */
    private static final long QUIET_NS = 1_000_000_000;
    /** One teardown can be disturbed by a change that no event tells of; so many in a row are not. */
    private static final int IN_A_ROW = 3;

    private final Map<Long, Kill> byPointer = new LinkedHashMap<>();
    private final ArrayDeque<Long> changes = new ArrayDeque<>();
    private int mismatches;

    /** A kill_ioctx that ended its context, and the last moment at which that was in use. */
    private record Kill(String context, long enter, long exit, long lastUse) {
        /** Whether both were about one life of one context: a pointer is used again only when the memory was freed. */
        boolean isSameLife(Kill other) {
            return enter <= other.lastUse && other.enter <= lastUse;
        }
    }

    /** Something charged the quota, or tried to. */
    void changed(long time) {
        changes.addLast(time);
        if (changes.size() > MOST) {
            changes.removeFirst();
        }
    }

    /** What this teardown says together with those before it. */
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
        if (before != null && before.isSameLife(kill)) {
            String values = "kill_ioctx ended one context twice, as " + before.context + " and as " + kill.context;
            observations.add(Checks.broken(Clause.S1, t, values));
            observations.add(Checks.broken(Clause.N3, t, values));
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
                observations.add(Checks.kept(Clause.S3, t, values));
                observations.add(Checks.kept(Clause.T3, t, values));
            } else if (isQuiet(kill) && ++mismatches >= IN_A_ROW) {
                observations.add(Checks.broken(Clause.S3, t, values));
                observations.add(Checks.broken(Clause.T3, t, values));
            }
        }
        changed(kill.enter);
    }

    private boolean isQuiet(Kill kill) {
        return changes.stream().allMatch(time -> time < kill.enter - QUIET_NS || time > kill.exit + QUIET_NS);
    }
}
