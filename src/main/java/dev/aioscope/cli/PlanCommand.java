package dev.aioscope.cli;

import dev.aioscope.cli.option.ScanOptions;
import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.kernel.Units;
import dev.aioscope.output.HolderReport;
import dev.aioscope.output.Json;
import dev.aioscope.output.Screen;
import dev.aioscope.output.Table;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How many more fit into the quota. */
@Command(
        name = "plan",
        header = "Tells how many more of each program fit into fs.aio-max-nr, and which limit more of them need.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nColumns:%n",
        footer = {
            "  EACH   the largest charge of one process of this name, as of now",
            "  FIT    how many more of those the rest of the quota takes",
            "",
            "Examples:",
            "  aioscope plan                       what fits",
            "  aioscope plan --more mariadbd=20    the fs.aio-max-nr for 20 more than there are",
            "",
            "What a program will need under load can be more than what it holds now. Without BPF, in the tier proc, no",
            "charge is seen, so that nothing can be planned: EACH and FIT are –.",
            "Exit status: 0 done, 1 failed while running, 2 wrong usage, 3 not possible on this host.",
        })
final class PlanCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--more",
            paramLabel = "NAME=N",
            description = "N more processes of this name (comm); can be given several times.")
    private Map<String, Integer> more = new LinkedHashMap<>();

    @Option(names = "--json", description = "Print a JSON object per line.")
    private boolean json;

    @Mixin
    private ScanOptions looks;

    /**
     * The processes of one name.
     *
     * @param each the largest charge of one of them; null if that could be read of none
     * @param fit how many more the quota takes; null if that is not known
     */
    record Kind(Holder all, @Nullable Long each, @Nullable Long fit) {}

    @Override
    public void run() {
        Inventory snapshot;
        try (Probes probes = looks.open(spec.commandLine().getErr())) {
            snapshot = Inventory.take(probes);
        }
        List<Kind> kinds = kinds(snapshot);
        Long needed = needed(snapshot, kinds);
        PrintWriter out = spec.commandLine().getOut();
        (json ? json(snapshot, kinds, needed) : text(snapshot, kinds, needed)).forEach(out::println);
    }

    private static List<Kind> kinds(Inventory snapshot) {
        return Holder.group(snapshot.contexts(), context -> context.owner().comm()).stream()
                .map(all -> kind(all, snapshot.headroom()))
                .toList();
    }

    private static Kind kind(Holder all, @Nullable Long headroom) {
        // The largest comes first.
        Long each = Holder.group(
                        all.contexts(),
                        context -> Integer.toString(context.owner().pid()))
                .get(0)
                .charge();
        return new Kind(
                all,
                each,
                each == null || each == 0 || headroom == null ? null : (Long) (Math.max(0, headroom) / each));
    }

    /** The smallest fs.aio-max-nr for what is there and what is to come; null if what is there is not known. */
    private @Nullable Long needed(Inventory snapshot, List<Kind> kinds) {
        long needed = 0;
        for (Map.Entry<String, Integer> entry : more.entrySet()) {
            if (entry.getValue() < 0) {
                throw new ParameterException(spec.commandLine(), "--more: " + entry.getKey() + " must be 0 or more");
            }
            Long each = kind(entry.getKey(), kinds).each;
            if (each == null) {
                throw new ProbeException(
                        "--more: what a context charges is not seen in the tier "
                                + snapshot.tier().label(),
                        "root, or CAP_BPF and CAP_PERFMON, for the tier sample");
            }
            needed += each * entry.getValue();
        }
        Long used = snapshot.aioNr() == null ? snapshot.charge() : snapshot.aioNr();
        return used == null ? null : (Long) (used + needed);
    }

    private Kind kind(String comm, List<Kind> kinds) {
        return kinds.stream()
                .filter(known -> known.all.name().equals(comm))
                .findFirst()
                .orElseThrow(() -> {
                    String names = kinds.stream().map(known -> known.all.name()).collect(Collectors.joining(", "));
                    return new ParameterException(
                            spec.commandLine(),
                            "--more: no process named '" + comm
                                    + "' holds a context now, so that its charge is not known"
                                    + (names.isEmpty() ? "" : "; there are " + names));
                });
    }

    private List<String> text(Inventory snapshot, List<Kind> kinds, @Nullable Long needed) {
        Table table = new Table(5, "CHARGE", "PROCESSES", "CONTEXTS", "EACH", "FIT", "COMM");
        for (Kind kind : kinds) {
            table.row(
                    kind.all.charge(),
                    kind.all.processes(),
                    kind.all.contexts().size(),
                    kind.each,
                    kind.fit,
                    kind.all.name());
        }
        List<String> lines = new ArrayList<>(kinds.isEmpty() ? List.of() : table.lines(Screen.stdout()));
        lines.add("fs.aio-nr " + Units.number(snapshot.aioNr()) + " of " + Units.number(snapshot.aioMaxNr()) + ", "
                + Units.number(snapshot.headroom()) + " left");
        lines.addAll(HolderReport.gaps(snapshot));
        if (!more.isEmpty() && needed != null) {
            boolean fits = snapshot.aioMaxNr() != null && needed <= snapshot.aioMaxNr();
            lines.add(
                    fits
                            ? "They fit: " + needed + " of " + snapshot.aioMaxNr() + " would be in use."
                            : "They need a higher limit: sysctl -w fs.aio-max-nr=" + needed
                                    + ", and a file in /etc/sysctl.d to keep it");
        }
        return lines;
    }

    private List<String> json(Inventory snapshot, List<Kind> kinds, @Nullable Long needed) {
        List<String> lines = new ArrayList<>();
        for (Kind kind : kinds) {
            lines.add(kind(kind));
        }
        lines.add(plan(snapshot, needed));
        return lines;
    }

    /** One name. */
    static String kind(Kind kind) {
        return Json.line(
                "program_plan",
                json -> json.put("comm", kind.all.name())
                        .put("processes", kind.all.processes())
                        .put("contexts", kind.all.contexts().size())
                        .put("charge", kind.all.charge())
                        .put("largest_charge", kind.each)
                        .put("fits", kind.fit));
    }

    /** The last line. */
    static String plan(Inventory snapshot, @Nullable Long needed) {
        return Json.line(
                "plan",
                json -> json.put("aio_nr", snapshot.aioNr())
                        .put("aio_max_nr", snapshot.aioMaxNr())
                        .put("headroom", snapshot.headroom())
                        .put("needed", needed));
    }
}
