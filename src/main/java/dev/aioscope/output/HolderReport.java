package dev.aioscope.output;

import dev.aioscope.host.Container;
import dev.aioscope.host.GroupBy;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.HostCause;
import dev.aioscope.kernel.ProcMount;
import dev.aioscope.kernel.Units;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * An inventory as text and as JSON; {@code agent/json.md} documents the names.
 *
 * @param inventory the contexts of the host
 * @param filter selects the contexts to show; sums include all processes
 * @param identities identities of the owners
 * @param clock converts start times
 */
public record HolderReport(Inventory inventory, Predicate<LiveContext> filter, Identities identities, WallClock clock) {
    private List<LiveContext> shown() {
        return inventory.contexts().stream().filter(filter).toList();
    }

    private Identity identity(LiveContext context) {
        return identities.of(context.owner(), context.mm());
    }

    private String name(GroupBy groupBy, LiveContext context) {
        return groupBy == GroupBy.PROCESS
                ? context.owner().pid() + " " + context.owner().processStart()
                : groupBy.nameOf(identity(context)).orElse(Units.ABSENT);
    }

    private String command(LiveContext context) {
        String command = identity(context).command();
        return command == null ? "[" + context.owner().comm() + "]" : command;
    }

    // ---- text ----

    /** One line for each holder, largest charge first, and the sums. */
    public List<String> text(GroupBy groupBy, Screen screen) {
        boolean isProcess = groupBy == GroupBy.PROCESS;
        List<String> columns = new ArrayList<>(List.of("CHARGE", "SHARE", "RING", "CONTEXTS", "OUT", "UNREAPED"));
        columns.addAll(
                isProcess ? List.of("PID", "USER", "CONTAINER", "COMMAND") : List.of("PROCESSES", groupBy.name()));
        Table table = new Table(7, columns.toArray(String[]::new));
        for (Holder holder : Holder.group(shown(), context -> name(groupBy, context))) {
            LiveContext first = holder.contexts().get(0);
            List<@Nullable Object> cells = new ArrayList<>();
            cells.add(holder.charge());
            cells.add(share(holder.charge()));
            cells.add(holder.nrEvents());
            cells.add(holder.contexts().size());
            cells.add(holder.outstanding());
            cells.add(holder.unreaped());
            if (isProcess) {
                cells.add(first.owner().pid());
                cells.add(identity(first).user());
                cells.add(identity(first).container().map(Container::label).orElse(null));
                cells.add(command(first));
            } else {
                cells.add(holder.processes());
                cells.add(holder.name());
            }
            table.row(cells.toArray());
        }
        return withSums(table.lines(screen));
    }

    /** One line for each context, and the sums. */
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
        all.add(quota(inventory, " (" + share(inventory.quota().aioNr()) + ")"));
        Holder host = new Holder("", inventory.contexts());
        all.add(count(host.contexts().size(), "context") + " in "
                + count(host.processes(), "process") + ", charge " + Units.number(inventory.charge())
                + ", unattributed " + Units.number(inventory.unattributed()));
        if (inventory.waiting() > 0) {
            all.add(count(inventory.waiting(), "thread") + " in a teardown (hint: run aioscope trace)");
        }
        all.addAll(gaps(inventory));
        return all;
    }

    /** The quota, or why it is unreadable. */
    static String quota(Inventory inventory, String share) {
        Quota quota = inventory.quota();
        return (quota.aioNr() == null ? ProcMount.ofUnreadableQuota() : Optional.<HostCause>empty())
                .map(HostCause::text)
                .orElse("fs.aio-nr " + Units.number(quota.aioNr()) + " of " + Units.number(quota.aioMaxNr()) + share
                        + ", " + quota.headroomText());
    }

    /** What the scan could not observe, one sentence each. */
    public static List<String> gaps(Inventory inventory) {
        List<String> gaps = new ArrayList<>();
        if (inventory.tier() == Tier.PROC) {
            gaps.add(TierReport.PROC_GAPS);
        }
        ProcMount.hiding(inventory.tier() == Tier.PROC).forEach(cause -> gaps.add(cause.text()));
        gaps.addAll(gapsOfScan(inventory));
        return gaps;
    }

    /** What the scan could not observe, whatever the reason on this host. */
    public static List<String> gapsOfScan(Inventory inventory) {
        List<String> gaps = new ArrayList<>();
        if (inventory.gaps().scope() == ScanGaps.Scope.NOTHING) {
            gaps.add("The kernel has no BPF iterators: contexts set up before aioscope started are missing");
        }
        inventory.gaps().unreadableText().ifPresent(gaps::add);
        inventory.gaps().partialText().ifPresent(gaps::add);
        return gaps;
    }

    private static String count(int number, String what) {
        return number + " " + (number == 1 ? what : what.endsWith("s") ? what + "es" : what + "s");
    }

    private String share(@Nullable Number charge) {
        Double share = charge == null ? null : inventory.quota().share(charge);
        return share == null ? Units.ABSENT : String.format(Locale.ROOT, "%.1f%%", 100 * share);
    }

    // ---- JSON ----

    /** One object for each holder, and the sums. */
    public List<String> json(GroupBy groupBy) {
        List<String> lines = new ArrayList<>(jsonOfHolders(groupBy));
        lines.add(jsonOfQuota());
        return lines;
    }

    /** One object for each holder. */
    public List<String> jsonOfHolders(GroupBy groupBy) {
        List<String> lines = new ArrayList<>();
        for (Holder holder : Holder.group(shown(), context -> name(groupBy, context))) {
            LiveContext first = groupBy == GroupBy.PROCESS ? holder.contexts().get(0) : null;
            lines.add(Json.line("holder", json -> {
                json.put("group_by", groupBy.toString());
                json.put(
                        "name",
                        groupBy == GroupBy.PROCESS || holder.name().equals(Units.ABSENT) ? null : holder.name());
                json.put("charge", holder.charge());
                json.put("nr_events", holder.nrEvents());
                json.put("contexts", holder.contexts().size());
                json.put("processes", holder.processes());
                json.put("outstanding", holder.outstanding());
                json.put("unreaped", holder.unreaped());
                owner(json, first);
            }));
        }
        return lines;
    }

    /** One object for each context, and the sums. */
    public List<String> jsonOfAll() {
        List<String> lines = new ArrayList<>();
        for (LiveContext context : shown()) {
            lines.add(Json.line("context", json -> {
                json.put("handle", "0x" + Long.toHexString(context.handle()));
                json.put("charge", context.charge());
                json.put("nr_events", context.nrEvents());
                json.put("outstanding", context.outstanding());
                json.put("unreaped", context.unreaped());
                owner(json, context);
            }));
        }
        lines.add(jsonOfQuota());
        return lines;
    }

    private void owner(Json json, @Nullable LiveContext context) {
        json.put("pid", context == null ? null : (Integer) context.owner().pid());
        json.put("comm", context == null ? null : context.owner().comm());
        json.put("start_time", IdentityJson.startTime(clock, context == null ? null : context.owner()));
        IdentityJson.put(json, "", context == null ? Identity.UNKNOWN : identity(context));
    }

    /** One object for the quota and the sums. */
    public String jsonOfQuota() {
        return Json.line("quota", json -> {
            json.put("aio_nr", inventory.quota().aioNr());
            json.put("aio_max_nr", inventory.quota().aioMaxNr());
            json.put("headroom", inventory.quota().headroom());
            json.put("contexts", inventory.contexts().size());
            json.put("charge", inventory.charge());
            json.put("unattributed", inventory.unattributed());
            json.put("threads_in_teardown", inventory.waiting());
            json.put("tier", inventory.tier().label());
            json.put("scan_scope", inventory.gaps().scope().label());
            json.put("unreadable_processes", inventory.gaps().unreadable().size());
            json.put("partial_processes", inventory.gaps().partial().size());
        });
    }
}
