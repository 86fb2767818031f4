package dev.aioscope.cli;

import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.ScanOptions;
import dev.aioscope.diagnosis.Explanation;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.probe.proc.FuseConnection;
import dev.aioscope.probe.proc.Witness;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Why a process hangs. */
@Command(
        name = "explain",
        header = "Tells in sentences what the contexts of a process wait for, and what would release them.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Examples:",
            "  aioscope explain 4711          a page for the night",
            "  aioscope explain 4711 --json   the same as a JSON object (agent/json.md)",
            "",
            "No daemon and no probe is needed: it looks at the tasks once, and a helper process that may hang in its place",
            "reads /proc. So what is stuck since before can be explained; how many requests are left cannot be seen then.",
            "Exit status: 0 done, 1 failed while running, 2 wrong usage, 3 not possible on this host, or no such process.",
        })
final class ExplainCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "PID", converter = FilterOptions.PidReader.class, description = "The process.")
    private int pid;

    @Option(names = "--json", description = "Print a JSON object.")
    private boolean json;

    @Mixin
    private ScanOptions looks;

    @Override
    public void run() {
        Witness witness = Witness.of(pid);
        List<LiveContext> contexts;
        Tier tier;
        try (Probes probes = looks.open(spec.commandLine().getErr())) {
            tier = probes.tier();
            contexts = Inventory.take(probes).contexts().stream()
                    .filter(context -> context.owner().pid() == pid)
                    .toList();
        }
        Explanation explanation = new Explanation(pid, tier, contexts, witness, BlockDevice::of, FuseConnection::of);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(explanation.json());
        } else {
            explanation.text().forEach(out::println);
        }
    }
}
