package dev.aioscope.output;

import dev.aioscope.event.Trigger;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Printable;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.QuotaShare;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.Tier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What happened, in a few sentences: who was stuck, for how long and on what; who was refused, how much, and who held it.
 *
 * @param tier of the probes
 * @param identities of the processes
 * @param stuckAfter age at which a teardown counts as stuck
 */
public record SummaryText(Tier tier, Identities identities, Duration stuckAfter) {
    /** What an operator should do about it. */
    public enum SummaryState {
        NORMAL,
        /** Something went wrong, and it is over. */
        NOTABLE,
        STUCK;

        /** The name in JSON. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What was observed. Times are CLOCK_BOOTTIME ns.
     *
     * @param isOver whether it is a recording
     * @param now the end of the recording, or the present
     * @param since when the period began that the summary describes
     * @param inProgress at the latest scan
     * @param teardowns that ended, the latest first
     * @param failedCalls the latest first
     * @param stragglers the latest first
     * @param refusals number of all, with those that repeat another
     * @param lastRefusal when io_setup was refused last, if ever
     */
    public record Evidence(
            boolean isOver,
            long now,
            long since,
            List<TeardownInProgress> inProgress,
            List<Teardown> teardowns,
            List<FailedCall> failedCalls,
            List<Straggler> stragglers,
            long refusals,
            long lastRefusal) {}

    /** The result. */
    public record Summary(SummaryState state, List<String> sentences) {}

    /** Sums up. */
    public Summary of(Evidence seen) {
        List<TeardownInProgress> stuck = seen.inProgress.stream()
                .filter(teardown -> teardown.isStuck() && teardown.isWaitedFor())
                .sorted(Comparator.comparingLong((TeardownInProgress teardown) -> teardown.age(seen.now))
                        .reversed())
                .toList();
        List<Teardown> ended = seen.teardowns.stream()
                .filter(teardown -> isIn(seen, teardown.endTime()) && wasStuck(teardown))
                .sorted(Comparator.comparingLong(SummaryText::duration).reversed())
                .toList();
        List<String> sentences = new ArrayList<>();
        if (!stuck.isEmpty()) {
            sentences.add(stuck(stuck, seen));
        } else if (!ended.isEmpty()) {
            sentences.add(ended(ended, seen));
        }
        seen.stragglers.stream()
                .filter(straggler -> isIn(seen, straggler.time()))
                .max(Comparator.comparingLong(Straggler::age))
                .map(SummaryText::late)
                .ifPresent(sentences::add);
        refusal(seen).ifPresent(sentences::add);
        if (sentences.isEmpty()) {
            sentences.add(nothing(seen));
            return new Summary(SummaryState.NORMAL, sentences);
        }
        boolean isStuck = !stuck.isEmpty() || (seen.isOver && !ended.isEmpty());
        return new Summary(isStuck ? SummaryState.STUCK : SummaryState.NOTABLE, sentences);
    }

    private static boolean isIn(Evidence seen, @Nullable Long time) {
        return time != null && time >= seen.since;
    }

    private boolean wasStuck(Teardown teardown) {
        return duration(teardown) >= stuckAfter.toNanos() && teardown.trigger() != Trigger.ROLLBACK;
    }

    private static long duration(Teardown teardown) {
        return Objects.requireNonNullElse(teardown.held(), 0L);
    }

    private String nothing(Evidence seen) {
        String was = seen.isOver ? "was" : "is";
        return tier.isScanOnly()
                ? "No teardown " + was + " stuck. The tier " + tier.label() + " does not observe refused calls."
                : "No teardown " + was + " stuck, and no io_setup was refused"
                        + (seen.isOver ? "." : " in the last hour.");
    }

    // ---- stuck ----

    private String stuck(List<TeardownInProgress> stuck, Evidence seen) {
        TeardownInProgress oldest = stuck.get(0);
        Teardown known = oldest.known();
        String begin = seen.isOver ? "When the recording ends, " : "";
        String who = stuck.size() == 1
                ? begin + who(known) + " is stuck in " + function(known)
                : begin + stuck.size() + " teardowns are stuck, the oldest that of " + who(known) + " in "
                        + function(known);
        return who + ": it " + oldest.explanation() + ", for " + (oldest.isFoundLate() ? "more than " : "")
                + Units.duration(oldest.age(seen.now)) + " so far.";
    }

    private String ended(List<Teardown> ended, Evidence seen) {
        Teardown longest = ended.get(0);
        Optional<String> part = Stream.of(
                        part(longest.io(), TeardownText.REQUESTS),
                        part(longest.inSiblings(), TeardownText.SIBLINGS),
                        part(longest.grace(), TeardownText.GRACE))
                .flatMap(Optional::stream)
                .max(Comparator.comparingLong(WaitPart::nanos))
                .map(WaitPart::text);
        String when = seen.isOver ? "" : "In the last hour, ";
        String who = ended.size() == 1
                ? when + who(longest) + " was stuck"
                : when + ended.size() + " teardowns were stuck, the longest that of " + who(longest);
        return who + " in " + function(longest) + " for " + Units.duration(longest.held())
                + part.map(text -> ", " + text).orElse("") + ".";
    }

    private record WaitPart(long nanos, String what) {
        String text() {
            return Units.duration(nanos) + " of it " + what;
        }
    }

    private static Optional<WaitPart> part(@Nullable Long nanos, String what) {
        return nanos == null || nanos == 0 ? Optional.empty() : Optional.of(new WaitPart(nanos, what));
    }

    private static String function(Teardown teardown) {
        return teardown.trigger() == Trigger.EXIT ? "exit_aio" : "io_destroy";
    }

    private static String late(Straggler straggler) {
        return "A late " + straggler.operation().label() + (straggler.path() == null ? "" : " of ")
                + (straggler.path() == null ? "" : Printable.of(straggler.path()))
                + (straggler.major() == 0 && straggler.minor() == 0 ? "" : " on device " + straggler.device())
                + " completed " + Units.duration(straggler.age()) + " after its teardown began.";
    }

    // ---- refused ----

    private Optional<String> refusal(Evidence seen) {
        return seen.failedCalls.stream()
                .filter(call -> call.isRefusal() && isIn(seen, seen.lastRefusal))
                .findFirst()
                .map(latest -> refusal(latest, seen));
    }

    private String refusal(FailedCall latest, Evidence seen) {
        String times = seen.refusals == 1 ? "once" : seen.refusals + " times";
        String last = seen.refusals == 1 ? ", " : ", last ";
        String ago = seen.isOver ? "" : last + Units.duration(Math.max(0, seen.now - seen.lastRefusal)) + " ago";
        return "io_setup was refused " + times + ago + ": " + name(identities.ofCaller(latest), latest.caller())
                + " requested "
                + TeardownText.count(Objects.requireNonNullElse(latest.requested(), 0L), "event")
                + circumstances(latest)
                + "."
                + latest.largest().stream().findFirst().map(this::largest).orElse("");
    }

    private static String circumstances(FailedCall refusal) {
        if (refusal.isFiltered()) {
            return "; " + refusal.explanation() + " with " + Errno.name(refusal.errno());
        }
        return refusal.aioNr() == null || refusal.aioMaxNr() == null
                ? ""
                : " with " + refusal.aioNr() + " of " + refusal.aioMaxNr() + " in use";
    }

    private String largest(QuotaShare share) {
        return " " + name(identities.of(share.owner()), share.owner()) + " held most: " + share.charge() + ".";
    }

    private String who(Teardown teardown) {
        return teardown.caller() != null
                ? name(identities.ofCaller(teardown), teardown.caller())
                : name(identities.ofOwner(teardown), teardown.context().owner());
    }

    private static String name(Identity identity, @Nullable Task task) {
        if (task == null) {
            return "an unknown process";
        }
        String program = identity.executableName();
        return Printable.of(program == null ? task.comm() : program) + " (PID " + task.pid() + ")";
    }
}
