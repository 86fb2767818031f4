package dev.aioscope.cli;

import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.agent.TaskSelector;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.cli.option.ScanOptions;
import dev.aioscope.config.PositiveDurationConverter;
import dev.aioscope.host.GroupBy;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.output.HolderReport;
import dev.aioscope.output.Screen;
import dev.aioscope.output.StandardOutput;
import dev.aioscope.probe.Probes;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lists the holders of the quota. */
@Command(
        name = "contexts",
        header = "List the processes that hold fs.aio-nr.",
        description =
                "Takes one scan with a BPF iterator and attaches no probe. Includes contexts older than aioscope.",
        footer = {
            "",
            "Columns:",
            "  CHARGE    nr_events passed to io_setup, as counted by fs.aio-nr",
            "  SHARE     of fs.aio-max-nr",
            "  RING      ring slots; always more than the charge",
            "  OUT       outstanding requests: submitted, not completed",
            "  UNREAPED  completed requests that the program has not read",
            "  –         not observed; never a zero",
            "Column names and order are stable, separated by two or more spaces:",
            "  CHARGE SHARE RING CONTEXTS OUT UNREAPED PID USER CONTAINER COMMAND",
            "--group-by:",
            "  CHARGE SHARE RING CONTEXTS OUT UNREAPED PROCESSES CONTAINER|CGROUP|USER",
            "--all:",
            "  CHARGE RING OUT UNREAPED HANDLE PID COMM",
            "Unattributed charge belongs to processes inside exit_aio, whose contexts are in",
            "no table, and to contexts that came or went during the scan. A scan cannot show",
            "the age of a context; aioscope trace shows it.",
            "",
            "Tier proc:",
            "  Without BPF, a helper process reads /proc. It sees rings, but no charges and",
            "  no outstanding requests. It misses contexts whose program unmapped the ring.",
            "  Up to Linux 6.18 it can report a forked child as the holder while the parent",
            "  is in a teardown.",
            "",
            "Examples:",
            "  aioscope contexts                        processes, largest charge first",
            "  aioscope contexts --group-by container   containers, VMs, systemd units",
            "  aioscope contexts --all --pid 4711       each context of one process",
            "  aioscope contexts --json                 JSON for scripts (agent/json.md)",
        })
final class ContextsCommand implements Runnable {
    private static final String CLEAR = "\u001b[H\u001b[J";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--group-by",
            paramLabel = "WHAT",
            defaultValue = "process",
            description = {
                "Sum up by process, container, cgroup or user.",
                "The default is ${DEFAULT-VALUE}.",
            })
    private GroupBy groupBy = GroupBy.PROCESS;

    @Option(names = "--all", description = "List each context.")
    private boolean all;

    @Mixin
    private JsonOption json;

    @Option(
            names = "--watch",
            paramLabel = "TIME",
            arity = "0..1",
            fallbackValue = "2s",
            converter = PositiveDurationConverter.class,
            description = "Repeat at this interval (2s if omitted) until Ctrl-C.")
    private @Nullable Duration interval;

    @Mixin
    private HideArgumentsOption hidden;

    @Mixin
    private FilterOptions filter;

    @Mixin
    private ScanOptions scan;

    @Override
    public void run() {
        CountDownLatch end = new CountDownLatch(interval == null ? 0 : 1);
        try (Shutdown stop = new Shutdown();
                Probes probes = scan.open(spec.commandLine().getErr());
                Processes processes = Processes.ofThisHost(hidden.isHidden(), Processes.DEFAULT_CAPACITY)) {
            WallClock clock = new WallClock(BootClock::now, InstantSource.system());
            TaskSelector selector = new TaskSelector(filter::filter, processes);
            stop.onRequest(end::countDown);
            do {
                Inventory inventory = IdentityCollector.takeInventory(probes, processes);
                show(new HolderReport(inventory, selector::selects, processes, clock));
            } while (interval != null && !isOver(interval, end));
        }
    }

    private boolean isOver(Duration pause, CountDownLatch end) {
        try {
            return StandardOutput.isLost(spec.commandLine().getOut())
                    || end.await(pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void show(HolderReport holders) {
        PrintWriter out = spec.commandLine().getOut();
        Screen screen = Screen.stdout();
        List<String> lines;
        if (json.isEnabled()) {
            lines = all ? holders.jsonOfAll() : holders.json(groupBy);
        } else {
            lines = all ? holders.textOfAll(screen) : holders.text(groupBy, screen);
            if (interval != null) {
                out.print(screen.equals(Screen.FILE) ? "" : CLEAR);
                out.println(LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS));
            }
        }
        lines.forEach(out::println);
    }
}
