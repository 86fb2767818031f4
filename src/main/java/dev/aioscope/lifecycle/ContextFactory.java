package dev.aioscope.lifecycle;

import dev.aioscope.event.ContextEvent;
import dev.aioscope.event.SetupEvent;
import dev.aioscope.lifecycle.LiveContexts.Known;
import org.jspecify.annotations.Nullable;

/** Creates contexts from records, and completes them. */
final class ContextFactory {
    private final LiveContexts live;
    private final UserStacks stacks;
    private long generations;

    ContextFactory(LiveContexts live, UserStacks stacks) {
        this.live = live;
        this.stacks = stacks;
    }

    /** Distinguishes contexts that have the same pointer one after the other. */
    long nextGeneration() {
        return ++generations;
    }

    Context of(long generation, SetupEvent event) {
        return describe(generation, event, Task.of(event))
                .withSetup(Absent.u64(event.enterTime()), event.time(), stacks.of(event.tid(), event.enterTime()));
    }

    /** A new context that is older than the agent, or whose SETUP is lost. */
    Context of(ContextEvent event, @Nullable Task owner) {
        return describe(nextGeneration(), event, owner);
    }

    private static Context describe(long generation, ContextEvent event, @Nullable Task owner) {
        return new Context(
                generation,
                event.kioctx(),
                event.mm(),
                event.handle(),
                Absent.s32(event.maxReqs()),
                Absent.s32(event.nrEvents()),
                owner,
                null,
                null,
                null);
    }

    /** Adds to a known context what another record contains. */
    void fill(Known known, ContextEvent event, @Nullable Task owner) {
        Context old = known.context;
        boolean isWhole = old.kioctx() != 0 && old.mm() != 0 && old.maxReqs() != null && old.nrEvents() != null;
        if (isWhole && (old.owner() != null || owner == null)) {
            return;
        }
        Context filled = old.withAddresses(
                        old.kioctx() != 0 ? old.kioctx() : event.kioctx(), old.mm() != 0 ? old.mm() : event.mm())
                .withSize(
                        old.maxReqs() != null ? old.maxReqs() : Absent.s32(event.maxReqs()),
                        old.nrEvents() != null ? old.nrEvents() : Absent.s32(event.nrEvents()))
                .withOwner(old.owner() != null ? old.owner() : owner);
        if (live.contains(known)) {
            live.update(known, filled);
        } else {
            known.context = filled;
        }
    }
}
