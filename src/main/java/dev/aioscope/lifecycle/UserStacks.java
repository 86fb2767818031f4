package dev.aioscope.lifecycle;

import dev.aioscope.event.StackEvent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Maps calls to their stacks. Bounded: the limit applies to calls and to different stacks. */
final class UserStacks {
    private record StackKey(int pid, long mm, int hash) {}

    private record Entered(long time, UserStack stack) {}

    private final int most;

    /** The latest call of each thread (tid). */
    private final Map<Integer, Entered> calls = new LinkedHashMap<>();

    /** Programs call repeatedly from few places, so calls share stacks. */
    private final Map<StackKey, UserStack> known = new LinkedHashMap<>(16, 0.75f, true);

    UserStacks(int most) {
        this.most = most;
    }

    /** Takes a stack; returns it if it is new. */
    @Nullable UserStack add(StackEvent event) {
        long[] addresses = event.frames();
        calls.remove(event.tid());
        if (addresses.length == 0) {
            return null;
        }
        StackKey key = new StackKey(event.pid(), event.mm(), Arrays.hashCode(addresses));
        UserStack same = known.get(key);
        boolean isNew = same == null || !Arrays.equals(same.addresses(), addresses);
        UserStack stack = same == null || isNew ? new UserStack(event.pid(), addresses) : same;
        if (isNew) {
            known.put(key, stack);
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
