package dev.aioscope.output;

import dev.aioscope.host.Container;
import dev.aioscope.host.GroupBy;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.Units;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot for people and for programs; {@code agent/json.md} tells what each name in JSON means.
 *
 * @param snapshot who holds what
 * @param wanted whose contexts are shown; the sums are those of all
 * @param identities who they are
 * @param clock when they began
 */
public record HolderReport(Inventory snapshot, Predicate<Task> wanted, Identities identities, WallClock clock) {
    private List<LiveContext> shown() {
        return snapshot.contexts().stream()
                .filter(context -> wanted.test(context.owner()))
                .toList();
    }

    private Identity identity(LiveContext context) {
        return identities.of(context.owner(), context.mm(), true);
    }

    private String name(GroupBy by, LiveContext context) {
        return by == GroupBy.PROCESS
                ? context.owner().pid() + " " + context.owner().processStart()
                : by.nameOf(identity(context)).orElse(Units.ABSENT);
    }

    private String command(LiveContext context) {
        String command = identity(context).command();
        return command == null ? "[" + context.owner().comm() + "]" : command;
    }

    // ---- for people ----

    /** A line for each holder, the largest first, and the sums. */
    public List<String> text(GroupBy by, Screen screen) {
        Table table = by == GroupBy.PROCESS
                ? new Table(
                        7,
                        "CHARGE",
                        "SHARE",
                        "RING",
                        "CONTEXTS",
                        "OUT",
                        "UNREAPED",
                        "PID",
                        "USER",
                        "CONTAINER",
                        "COMMAND")
                : new Table(7, "CHARGE", "SHARE", "RING", "CONTEXTS", "OUT", "UNREAPED", "PROCESSES", by.name());
        for (Holder holder : Holder.group(shown(), context -> name(by, context))) {
            LiveContext first = holder.contexts().get(0);
            if (by == GroupBy.PROCESS) {
                table.row(
                        holder.charge(),
                        share(holder.charge()),
                        holder.nrEvents(),
                        holder.contexts().size(),
                        holder.outstanding(),
                        holder.unreaped(),
                        first.owner().pid(),
                        identity(first).user(),
                        identity(first).container().map(Container::label).orElse(null),
                        command(first));
            } else {
                table.row(
                        holder.charge(),
                        share(holder.charge()),
                        holder.nrEvents(),
                        holder.contexts().size(),
                        holder.outstanding(),
                        holder.unreaped(),
                        holder.processes(),
                        holder.name());
            }
        }
        return withSums(table.lines(screen));
    }

    /** A line for each context, and the sums. */
    public List<String> textOfAll(Screen screen) {
        Table table = new Table(6, "CHARGE", "RING", "OUT", "UNREAPED", "HANDLE", "PID", "COMM");
        for (LiveContext context : shown()) {
            table.row(
                    context.charge(),
                    context.nrEvents(),
                    context.outstanding(),
                    context.unreaped(),
                    Long.toHexString(context.handle()),
                    context.owner().pid(),
                    context.owner().comm());
        }
        return withSums(table.lines(screen));
    }

    private List<String> withSums(List<String> lines) {
        List<String> all = new ArrayList<>(shown().isEmpty() ? List.of() : lines);
        all.add("fs.aio-nr " + Units.number(snapshot.aioNr()) + " of " + Units.number(snapshot.aioMaxNr()) + " ("
                + share(snapshot.aioNr()) + ", " + Units.number(snapshot.headroom()) + " left)");
        Holder everybody = new Holder("", snapshot.contexts());
        all.add(count(everybody.contexts().size(), "context") + " in "
                + count(everybody.processes(), "process") + " charge " + Units.number(snapshot.charge())
                + ", unattributed " + Units.number(snapshot.unattributed()));
        if (snapshot.waiting() > 0) {
            all.add(count(snapshot.waiting(), "thread") + " in a teardown: aioscope trace shows it");
        }
        all.addAll(gaps(snapshot));
        return all;
    }

    /** What the look could not see, in sentences. */
    public static List<String> gaps(Inventory snapshot) {
        List<String> gaps = new ArrayList<>();
        if (snapshot.tier() == Tier.PROC) {
            gaps.add(TierReport.PROC_GAPS);
        }
        snapshot.unseen().unreadableText().ifPresent(gaps::add);
        snapshot.unseen().partialText().ifPresent(gaps::add);
        return gaps;
    }

    private static String count(int number, String what) {
        return number + " " + (number == 1 ? what : what.endsWith("s") ? what + "es" : what + "s");
    }

    private String share(@Nullable Long charge) {
        Long limit = snapshot.aioMaxNr();
        return charge == null || limit == null || limit == 0
                ? Units.ABSENT
                : String.format(Locale.ROOT, "%.1f%%", 100.0 * charge / limit);
    }

    // ---- for programs ----

    /** An object for each holder, and the sums. */
    public List<String> json(GroupBy by) {
        List<String> lines = new ArrayList<>();
        for (Holder holder : Holder.group(shown(), context -> name(by, context))) {
            LiveContext first = by == GroupBy.PROCESS ? holder.contexts().get(0) : null;
            lines.add(Json.line("holder", json -> {
                json.put("group_by", by.toString());
                json.put("name", by == GroupBy.PROCESS || holder.name().equals(Units.ABSENT) ? null : holder.name());
                json.put("charge", holder.charge());
                json.put("nr_events", holder.nrEvents());
                json.put("contexts", holder.contexts().size());
                json.put("processes", holder.processes());
                json.put("outstanding", holder.outstanding());
                json.put("unreaped", holder.unreaped());
                who(json, first);
            }));
        }
        lines.add(quota());
        return lines;
    }

    /** An object for each context, and the sums. */
    public List<String> jsonOfAll() {
        List<String> lines = new ArrayList<>();
        for (LiveContext context : shown()) {
            lines.add(Json.line("context", json -> {
                json.put("handle", "0x" + Long.toHexString(context.handle()));
                json.put("charge", context.charge());
                json.put("nr_events", context.nrEvents());
                json.put("outstanding", context.outstanding());
                json.put("unreaped", context.unreaped());
                who(json, context);
            }));
        }
        lines.add(quota());
        return lines;
    }

    private void who(Json json, @Nullable LiveContext context) {
        json.put("pid", context == null ? null : (Integer) context.owner().pid());
        json.put("comm", context == null ? null : context.owner().comm());
        json.put("start_time", IdentityJson.startTime(clock, context == null ? null : context.owner()));
        IdentityJson.put(json, "", context == null ? Identity.UNKNOWN : identity(context));
    }

    private String quota() {
        return Json.line("quota", json -> {
            json.put("aio_nr", snapshot.aioNr());
            json.put("aio_max_nr", snapshot.aioMaxNr());
            json.put("headroom", snapshot.headroom());
            json.put("contexts", snapshot.contexts().size());
            json.put("charge", snapshot.charge());
            json.put("unattributed", snapshot.unattributed());
            json.put("threads_in_teardown", snapshot.waiting());
            json.put("tier", snapshot.tier().label());
            json.put("unreadable_processes", snapshot.unseen().unreadable().size());
            json.put("partial_processes", snapshot.unseen().partial().size());
        });
    }
}
