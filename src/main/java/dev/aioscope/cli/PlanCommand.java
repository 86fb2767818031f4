package dev.aioscope.cli;

import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.cli.option.ScanOptions;
import dev.aioscope.diagnosis.QuotaPlan;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.output.PlanReport;
import dev.aioscope.output.Screen;
import dev.aioscope.probe.Probes;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Computes how many more processes fit into the quota. */
@Command(
        name = "plan",
        header = "Compute how many more processes fit into fs.aio-max-nr.",
        description = "The plan uses current charges: under load a program can need more. The tier proc does not show"
                + " charges, so EACH and FITS are – there.",
        footer = {
            "",
            "Columns:",
            "  EACH   largest current charge of one process of this name",
            "  FITS   how many more of these processes fit into the quota",
            "",
            "Examples:",
            "  aioscope plan                       what fits now",
            "  aioscope plan --more mariadbd=20    the limit for 20 more of them",
        })
final class PlanCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--more",
            paramLabel = "NAME=N",
            description = "Plan for N more processes of this name (comm); repeatable.")
    private Map<String, Integer> more = new LinkedHashMap<>();

    @Mixin
    private JsonOption json;

    @Mixin
    private ScanOptions scan;

    @Override
    public void run() {
        more.forEach((comm, count) -> {
            if (count < 0) {
                throw new ParameterException(
                        spec.commandLine(), "--more: expected 0 or more for " + comm + ", got " + count);
            }
        });
        QuotaPlan plan = plan();
        PrintWriter out = spec.commandLine().getOut();
        (json.isEnabled() ? PlanReport.json(plan) : PlanReport.text(plan, Screen.stdout())).forEach(out::println);
    }

    private QuotaPlan plan() {
        Inventory inventory;
        try (Probes probes = scan.open(spec.commandLine().getErr())) {
            inventory = Inventory.take(probes);
        }
        try {
            return QuotaPlan.of(inventory, more);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--more: " + e.getMessage(), e);
        }
    }
}
