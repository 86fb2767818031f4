package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which stack belongs to which call. Bounded: the calls by the limit, and as many different stacks. */
final class UserStacks {
    private record Place(int pid, long mm, int hash) {}

    private record Entered(long time, UserStack stack) {}

    private final int most;

    /** The last call of each thread (tid). */
    private final Map<Integer, Entered> calls = new LinkedHashMap<>();

    /** Calls come from few places, again and again. */
    private final Map<Place, UserStack> known = new LinkedHashMap<>(16, 0.75f, true);

    UserStacks(int most) {
        this.most = most;
    }

    /**
     * Takes a STACK.
     *
     * @return the stack, if it is a new one
     */
    @Nullable UserStack add(Event event) {
        long[] addresses = event.frames();
        calls.remove(event.tid());
        if (addresses.length == 0) {
            return null;
        }
        Place place = new Place(event.pid(), event.mm(), Arrays.hashCode(addresses));
        UserStack same = known.get(place);
        boolean isNew = same == null || !Arrays.equals(same.addresses(), addresses);
        UserStack stack = same == null || isNew ? new UserStack(event.pid(), addresses) : same;
        if (isNew) {
            known.put(place, stack);
            dropEldest(known);
        }
        calls.put(event.tid(), new Entered(event.time(), stack));
        dropEldest(calls);
        return isNew ? stack : null;
    }

    private <K> void dropEldest(Map<K, ?> map) {
        if (map.size() > most) {
            map.remove(map.keySet().iterator().next());
        }
    }

    /** The stack of the call that this thread entered at this time; null if none was recorded. */
    @Nullable UserStack of(int tid, long enterTime) {
        Entered entered = calls.get(tid);
        return entered != null && entered.time == enterTime ? entered.stack : null;
    }
}
