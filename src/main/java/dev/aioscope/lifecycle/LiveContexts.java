package dev.aioscope.lifecycle;

import dev.aioscope.event.ContextEvent;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.agrona.collections.Long2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The known live contexts, indexed by pointer and by handle. The pointer has precedence: if a program unmaps the ring
 * itself, the context stays and the next one can get its handle.
 */
final class LiveContexts {

    /** A context and the results of the scans. */
    static final class Known {
        Context context;
        /** The earliest time at which it was known to be alive. */
        final long since;
        /** The number of the last scan that found it in a table. */
        int lastScan;
        /** When the first of the latest scans began that did not find it. */
        long missingSince = Absent.NEVER;

        Known(Context context, long since, int lastScan) {
            this.context = context;
            this.since = since;
            this.lastScan = lastScan;
        }

        /** The identity hash code takes longer. */
        @Override
        public int hashCode() {
            return Long.hashCode(context.generation());
        }

        /** Whether a record with this pointer, address space, handle and max_reqs can belong to this context. */
        boolean fits(ContextEvent event) {
            Integer maxReqs = Absent.s32(event.maxReqs());
            return hasHandle(context, event.mm(), event.handle())
                    && (context.kioctx() == 0 || event.kioctx() == 0 || context.kioctx() == event.kioctx())
                    && (context.maxReqs() == null
                            || maxReqs == null
                            || context.maxReqs().equals(maxReqs));
        }

        /** Whether the record shows this context with another handle: mremap moves the ring and changes the handle. */
        boolean isMovedTo(ContextEvent event) {
            return event.kioctx() != 0
                    && context.kioctx() == event.kioctx()
                    && context.mm() == event.mm()
                    && context.handle() != event.handle()
                    && (context.maxReqs() == null || context.maxReqs() == event.maxReqs());
        }
    }

    private final int limit;
    private final Set<Known> all = new LinkedHashSet<>();
    private final Long2ObjectHashMap<Known> byPointer = new Long2ObjectHashMap<>();
    private final Map<HandleKey, Known> byKey = new HashMap<>();
    private final Long2ObjectHashMap<Known> byHandle = new Long2ObjectHashMap<>();
    private long evicted;

    LiveContexts(int limit) {
        this.limit = limit;
    }

    /** Whether the context has this handle in this address space; an unknown address space matches any. */
    static boolean hasHandle(Context context, long mm, long handle) {
        return context.handle() == handle && (context.mm() == 0 || mm == 0 || context.mm() == mm);
    }

    void add(Known known) {
        all.add(known);
        index(known);
        if (all.size() > limit) {
            remove(all.iterator().next());
            evicted++;
        }
    }

    void remove(Known known) {
        all.remove(known);
        unindex(known);
    }

    /** Replaces the description of the same context. */
    void update(Known known, Context context) {
        unindex(known);
        known.context = context;
        index(known);
    }

    @Nullable Known byPointer(long kioctx) {
        return kioctx == 0 ? null : byPointer.get(kioctx);
    }

    /** The context with this handle in this address space; if one of two has lost its ring, the younger. */
    @Nullable Known byHandle(long mm, long handle) {
        return byKey.get(new HandleKey(mm, handle));
    }

    /** The youngest context with this handle in any address space. */
    @Nullable Known byHandle(long handle) {
        return byHandle.get(handle);
    }

    /** The context with this pointer, or one of unknown pointer with this handle. */
    @Nullable Known find(long kioctx, long mm, long handle) {
        Known found = byPointer(kioctx);
        if (found != null) {
            return found;
        }
        found = byHandle(mm, handle);
        return found != null && (kioctx == 0 || found.context.kioctx() == 0) ? found : null;
    }

    /** All, oldest first. */
    Collection<Known> all() {
        return Collections.unmodifiableSet(all);
    }

    /** The processes with the largest charges, largest first. */
    List<QuotaShare> largest(int most) {
        Map<Integer, QuotaShare> shares = new HashMap<>();
        for (Known known : all) {
            Task owner = known.context.owner();
            Integer charge = known.context.maxReqs();
            if (owner != null && charge != null) {
                shares.merge(
                        owner.pid(),
                        new QuotaShare(owner, 1, charge),
                        (a, b) -> new QuotaShare(a.owner(), a.contexts() + b.contexts(), a.charge() + b.charge()));
            }
        }
        return shares.values().stream()
                .sorted(Comparator.comparingLong(QuotaShare::charge)
                        .reversed()
                        .thenComparing(share -> share.owner().pid()))
                .limit(most)
                .toList();
    }

    boolean contains(Known known) {
        return all.contains(known);
    }

    long evicted() {
        return evicted;
    }

    private void index(Known known) {
        if (known.context.kioctx() != 0) {
            byPointer.put(known.context.kioctx(), known);
        }
        byKey.put(key(known), known);
        byHandle.put(known.context.handle(), known);
    }

    private void unindex(Known known) {
        remove(byPointer, known.context.kioctx(), known);
        byKey.remove(key(known), known);
        remove(byHandle, known.context.handle(), known);
    }

    private static void remove(Long2ObjectHashMap<Known> map, long key, Known known) {
        if (map.get(key) == known) {
            map.remove(key);
        }
    }

    private static HandleKey key(Known known) {
        return new HandleKey(known.context.mm(), known.context.handle());
    }
}
