package dev.aioscope.cli;

import dev.aioscope.agent.Shutdown;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.PositiveDurationConverter;
import dev.aioscope.cli.option.ScanOptions;
import dev.aioscope.host.GroupBy;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.output.HolderReport;
import dev.aioscope.output.Screen;
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

/** Who holds the quota, now. */
@Command(
        name = "contexts",
        header = "Shows who holds fs.aio-nr: every live context, those older than aioscope too.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nColumns:%n",
        footer = {
            "  CHARGE    what was given to io_setup: what fs.aio-nr counts",
            "  SHARE     of fs.aio-max-nr",
            "  RING      slots in the rings, which are more than the charge",
            "  OUT       requests submitted and not completed",
            "  UNREAPED  requests completed that the program has not read",
            "  –         not seen; never a zero",
            "Their names and their order are kept, for scripts too; two spaces or more part them:",
            "         CHARGE SHARE RING CONTEXTS OUT UNREAPED PID USER CONTAINER COMMAND",
            "  --group-by  CHARGE SHARE RING CONTEXTS OUT UNREAPED PROCESSES CONTAINER|CGROUP|USER",
            "  --all  CHARGE RING OUT UNREAPED HANDLE PID COMM",
            "The age of a context is known only to one who saw its set-up: aioscope trace tells it.",
            "What of fs.aio-nr no context accounts for is unattributed: processes inside exit_aio, whose contexts",
            "are in no table any more, and what came or went during the look.",
            "",
            "Examples:",
            "  aioscope contexts                    processes, the largest charge first",
            "  aioscope contexts --group-by container     containers, pods' containers, virtual machines, systemd units",
            "  aioscope contexts --all --pid 4711   each context of one process",
            "  aioscope contexts --json             a JSON object per line (agent/json.md), best for scripts",
            "",
            "No probe is placed: a BPF iterator walks the tasks once. Where there is no BPF, the tier proc reads /proc in a",
            "process of its own: it sees rings but neither charges nor requests outstanding, so that nothing can be",
            "attributed. It does not see a context whose program has unmapped the ring, and up to 6.18 it can take a",
            "forked child for the holder while the teardown of its parent hangs.",
            "Exit status: 0 done, 1 failed while running, 2 wrong usage, 3 not possible on this host.",
        })
final class ContextsCommand implements Runnable {
    private static final String CLEAR = "\u001b[H\u001b[J";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--group-by",
            paramLabel = "WHAT",
            defaultValue = "process",
            description = "Add up by ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private GroupBy by = GroupBy.PROCESS;

    @Option(names = "--all", description = "Show each context.")
    private boolean all;

    @Option(names = "--json", description = "Print a JSON object per line.")
    private boolean json;

    @Option(
            names = "--watch",
            paramLabel = "TIME",
            arity = "0..1",
            fallbackValue = "2s",
            converter = PositiveDurationConverter.class,
            description = "Look again and again, until Ctrl-C (every 2s, if no time is given).")
    private @Nullable Duration watch;

    @Mixin
    private HideArgumentsOption hidden;

    @Mixin
    private FilterOptions filter;

    @Mixin
    private ScanOptions looks;

    @Override
    public void run() {
        CountDownLatch end = new CountDownLatch(watch == null ? 0 : 1);
        try (Shutdown stop = new Shutdown();
                Probes probes = looks.open(spec.commandLine().getErr());
                Processes processes = Processes.unlimited(hidden.isHidden())) {
            WallClock clock = new WallClock(BootClock::now, InstantSource.system());
            stop.onRequest(end::countDown);
            do {
                show(new HolderReport(Inventory.take(probes), filter.filter(), processes, clock));
            } while (!isOver(end));
        }
    }

    private boolean isOver(CountDownLatch end) {
        try {
            return watch == null || end.await(watch.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void show(HolderReport holders) {
        PrintWriter out = spec.commandLine().getOut();
        Screen screen = Screen.stdout();
        List<String> lines;
        if (json) {
            lines = all ? holders.jsonOfAll() : holders.json(by);
        } else {
            lines = all ? holders.textOfAll(screen) : holders.text(by, screen);
            if (watch != null) {
                out.print(screen.equals(Screen.FILE) ? "" : CLEAR);
                out.println(LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS));
            }
        }
        lines.forEach(out::println);
        out.flush();
    }
}
