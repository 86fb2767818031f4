package dev.aioscope.lifecycle;

import dev.aioscope.event.Event;
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
 * The contexts that are alive as far as is known, found by pointer or by place. The pointer comes first: a program that
 * unmaps the ring itself leaves a context behind whose place the next one can take.
 */
final class LiveContexts {

    /** A context, and what the looks found of it. */
    static final class Known {
        Context context;
        /** When it was first known to be alive. */
        final long since;
        /** The last look that found it in a table. */
        int look;
        /** The beginning of the first of the latest looks that did not find it. */
        long missingSince = Absent.NEVER;

        Known(Context context, long since, int look) {
            this.context = context;
            this.since = since;
            this.look = look;
        }

        /** Java's own takes longer. */
        @Override
        public int hashCode() {
            return Long.hashCode(context.generation());
        }

        /** Whether a record with pointer, mm, handle and max_reqs can be about this context. */
        boolean fits(Event event) {
            Integer maxReqs = Absent.s32(event.maxReqs());
            return samePlace(context, event.mm(), event.handle())
                    && (context.kioctx() == 0 || event.kioctx() == 0 || context.kioctx() == event.kioctx())
                    && (context.maxReqs() == null
                            || maxReqs == null
                            || context.maxReqs().equals(maxReqs));
        }

        /** Whether the record has this context with another handle: mremap moves a ring, and the handle with it. */
        boolean isMovedTo(Event event) {
            return event.kioctx() != 0
                    && context.kioctx() == event.kioctx()
                    && context.mm() == event.mm()
                    && context.handle() != event.handle()
                    && (context.maxReqs() == null || context.maxReqs() == event.maxReqs());
        }
    }

    /** Where a context is for its program. */
    record Place(long mm, long handle) {
        // Those of a record itself take longer, unless they are compiled very well.

        @Override
        public int hashCode() {
            return Long.hashCode(31 * mm + handle);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Place place && place.mm == mm && place.handle == handle;
        }
    }

    private final int limit;
    private final Set<Known> all = new LinkedHashSet<>();
    private final Long2ObjectHashMap<Known> byPointer = new Long2ObjectHashMap<>();
    private final Map<Place, Known> byPlace = new HashMap<>();
    private final Long2ObjectHashMap<Known> byHandle = new Long2ObjectHashMap<>();
    private long evicted;

    LiveContexts(int limit) {
        this.limit = limit;
    }

    /** Whether the context has this place; an mm that was not seen can be any. */
    static boolean samePlace(Context context, long mm, long handle) {
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

    /** Replaces what is known of the context: the same one, seen better. */
    void update(Known known, Context context) {
        unindex(known);
        known.context = context;
        index(known);
    }

    @Nullable Known byPointer(long kioctx) {
        return kioctx == 0 ? null : byPointer.get(kioctx);
    }

    /** The context at this place; of two, of which one has lost its ring, the younger. */
    @Nullable Known byPlace(long mm, long handle) {
        return byPlace.get(new Place(mm, handle));
    }

    /** The context with this handle in whatever address space; of several the youngest. */
    @Nullable Known byHandle(long handle) {
        return byHandle.get(handle);
    }

    /** The context with this pointer, or the one at this place of which the pointer is not known. */
    @Nullable Known find(long kioctx, long mm, long handle) {
        Known found = byPointer(kioctx);
        if (found != null) {
            return found;
        }
        found = byPlace(mm, handle);
        return found != null && (kioctx == 0 || found.context.kioctx() == 0) ? found : null;
    }

    /** All, oldest first. */
    Collection<Known> all() {
        return Collections.unmodifiableSet(all);
    }

    /** The processes that charge most, the largest first. */
    List<QuotaShare> largest(int most) {
        Map<Integer, QuotaShare> holdings = new HashMap<>();
        for (Known known : all) {
            Task owner = known.context.owner();
            Integer charge = known.context.maxReqs();
            if (owner != null && charge != null) {
                holdings.merge(
                        owner.pid(),
                        new QuotaShare(owner, 1, charge),
                        (a, b) -> new QuotaShare(a.owner(), a.contexts() + b.contexts(), a.charge() + b.charge()));
            }
        }
        return holdings.values().stream()
                .sorted(Comparator.comparingLong(QuotaShare::charge)
                        .reversed()
                        .thenComparing(holding -> holding.owner().pid()))
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
        byPlace.put(place(known), known);
        byHandle.put(known.context.handle(), known);
    }

    private void unindex(Known known) {
        remove(byPointer, known.context.kioctx(), known);
        byPlace.remove(place(known), known);
        remove(byHandle, known.context.handle(), known);
    }

    private static void remove(Long2ObjectHashMap<Known> map, long key, Known known) {
        if (map.get(key) == known) {
            map.remove(key);
        }
    }

    private static Place place(Known known) {
        return new Place(known.context.mm(), known.context.handle());
    }
}
