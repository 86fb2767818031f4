package dev.aioscope.cli;

import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.cli.option.ScanOptions;
import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.diagnosis.QuotaPlan;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.kernel.Host;
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
            "  EACH   largest current charge of one process of this program and container",
            "  FITS   how many more of these processes fit: headroom / EACH, rounded down",
            "The limit for --more is fs.aio-nr plus N times EACH.",
            "",
            "Examples:",
            "  aioscope plan                       what fits now",
            "  aioscope plan --more mariadbd=20    the limit for 20 more of them",
            "  aioscope plan --more mariadbd@docker:0123456789ab=20",
        })
final class PlanCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--more",
            paramLabel = "NAME=N",
            description = {
                "Plan for N more processes of a program; repeatable.",
                "NAME is a program, PROGRAM@CONTAINER or the name of a thread."
            })
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
        try (Probes probes = scan.open(spec.commandLine().getErr());
                Processes processes = Processes.ofThisHost(true, Processes.DEFAULT_CAPACITY)) {
            Inventory inventory = IdentityCollector.takeInventory(probes, processes);
            return QuotaPlan.of(inventory, processes, Host.onlineCpus(), LimitFile.find(), more);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--more: " + e.getMessage(), e);
        }
    }
}
