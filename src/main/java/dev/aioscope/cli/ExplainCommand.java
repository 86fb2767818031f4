package dev.aioscope.cli;

import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.cli.option.ScanOptions;
import dev.aioscope.config.PidConverter;
import dev.aioscope.diagnosis.Disks;
import dev.aioscope.diagnosis.Explanation;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Processes;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.TaskStat;
import dev.aioscope.output.ExplanationJson;
import dev.aioscope.output.ExplanationText;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.probe.proc.FuseConnection;
import dev.aioscope.probe.proc.Witness;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Explains why a process hangs. */
@Command(
        name = "explain",
        header = "Explain what a stuck process waits for, and what releases it.",
        description =
                "Takes one scan and reads /proc in a helper process, because that read can block. It needs neither"
                        + " a daemon nor probes, so it also explains a process that is already stuck. The number of"
                        + " outstanding requests is then unknown.",
        footer = {
            "",
            "Examples:",
            "  aioscope explain 4711          findings in sentences",
            "  aioscope explain 4711 --json   the same as a JSON object (agent/json.md)",
        })
final class ExplainCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "PID", converter = PidConverter.class, description = "Process ID.")
    private int pid;

    @Mixin
    private JsonOption json;

    @Mixin
    private ScanOptions scan;

    @Override
    public void run() {
        Witness witness = Witness.of(pid);
        List<LiveContext> contexts;
        Tier tier;
        Identity identity;
        try (Probes probes = scan.openLikeProc(spec.commandLine().getErr())) {
            tier = probes.tier();
            contexts = Inventory.take(probes).contexts().stream()
                    .filter(context -> context.owner().pid() == pid)
                    .toList();
            identity = identity(probes, contexts);
        }
        Explanation explanation = Explanation.of(
                pid, identity, tier, contexts, witness, BlockDevice::of, new Disks()::of, FuseConnection::of);
        PrintWriter out = spec.commandLine().getOut();
        if (json.isEnabled()) {
            out.println(ExplanationJson.of(explanation));
        } else {
            ExplanationText.of(explanation).forEach(out::println);
        }
    }

    private Identity identity(Probes probes, List<LiveContext> contexts) {
        Optional<IdentityKey> process = contexts.stream()
                .map(context -> IdentityKey.of(context.owner(), context.mm()))
                .findFirst()
                .or(() -> TaskStat.read("/proc/" + pid + "/stat").map(stat -> new IdentityKey(pid, stat.start(), 0)));
        try (Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY)) {
            process.ifPresent(key -> IdentityCollector.identify(probes, Set.of(key), processes));
            return process.map(processes::of).orElse(Identity.UNKNOWN);
        }
    }
}
