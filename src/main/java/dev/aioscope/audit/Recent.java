package dev.aioscope.audit;

import dev.aioscope.lifecycle.Teardown;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The latest teardowns and set-ups, as far as clauses need them that one teardown alone does not decide. */
final class Recent {
    private static final int MOST = 1024;
    /** Whatever changes fs.aio-nr within this time of a kill_ioctx makes what is read there nobody's. */
    private static final long QUIET_NS = 1_000_000_000;
    /** One teardown can be disturbed by a change that no event tells of; so many in a row are not. */
    private static final int IN_A_ROW = 3;

    private final Map<Long, Teardown> byPointer = new LinkedHashMap<>();
    private final ArrayDeque<Long> changes = new ArrayDeque<>();
    private int mismatches;

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
        if (t.killEnterTime() == null || t.killExitTime() == null || t.context().kioctx() == 0) {
            return observations;
        }
        Teardown before = byPointer.remove(t.context().kioctx());
        if (before != null && isSameLife(before, t)) {
            String values = "kill_ioctx ended the context twice: "
                    + before.context().id() + " " + (t.killEnterTime() - before.killEnterTime()) + " ns before";
            observations.add(Checks.broken(Clause.S1, t, values));
            observations.add(Checks.broken(Clause.N3, t, values));
        }
        byPointer.put(t.context().kioctx(), t);
        if (byPointer.size() > MOST) {
            byPointer.remove(byPointer.keySet().iterator().next());
        }
        charge(t, observations);
        return observations;
    }

    /** Whether both went on at one time: the pointer is used again only when the memory was freed. */
    private static boolean isSameLife(Teardown a, Teardown b) {
        return a.killEnterTime() <= lastUse(b) && b.killEnterTime() <= lastUse(a);
    }

    private static long lastUse(Teardown t) {
        return t.reqsTime() == null ? t.killExitTime() : Math.max(t.killExitTime(), t.reqsTime());
    }

    private void charge(Teardown t, List<Observation> observations) {
        Long before = t.aioNrBefore();
        Long after = t.aioNrAfter();
        Integer charge = t.context().maxReqs();
        if (before != null && after != null && charge != null) {
            String values = "fs.aio-nr went from " + before + " to " + after + ", the charge is "
                    + Integer.toUnsignedString(charge);
            if (before - after == Integer.toUnsignedLong(charge)) {
                mismatches = 0;
                observations.add(Checks.kept(Clause.S3, t, values));
                observations.add(Checks.kept(Clause.T3, t, values));
            } else if (isQuiet(t) && ++mismatches >= IN_A_ROW) {
                observations.add(Checks.broken(Clause.S3, t, values));
                observations.add(Checks.broken(Clause.T3, t, values));
            }
        }
        changed(t.killEnterTime());
    }

    private boolean isQuiet(Teardown t) {
        return changes.stream()
                .allMatch(time -> time < t.killEnterTime() - QUIET_NS || time > t.killExitTime() + QUIET_NS);
    }
}
