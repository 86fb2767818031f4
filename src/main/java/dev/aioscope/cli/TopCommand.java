package dev.aioscope.cli;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.ProbeOptions;
import dev.aioscope.cli.option.ScanIntervalOption;
import dev.aioscope.kernel.Terminal;
import dev.aioscope.output.Screen;
import dev.aioscope.output.TierReport;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.top.DeferredLog;
import dev.aioscope.top.FullScreen;
import dev.aioscope.top.Help;
import dev.aioscope.top.TopSession;
import dev.aioscope.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The live view. */
@Command(
        name = "top",
        header = "Show holders of fs.aio-nr and teardowns, live.",
        description = "Prints plain text, once per scan, to files, pipes and TERM=dumb. Honors NO_COLOR. Restores the"
                + " terminal on exit; after SIGKILL, run reset.")
final class TopCommand implements Runnable {
    private static final Duration MAX_INTERVAL_ONCE = Duration.ofSeconds(1);

    private static final List<String> EXAMPLES = List.of(
            "",
            "Examples:",
            "  aioscope top                    the whole host",
            "  aioscope top --exe mysqld       contexts of one program",
            "  aioscope top --tier sample      without slowing down any call",
            "  aioscope top --once             one screen as plain text");

    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--once", description = "Print one screen as plain text after a second, and exit.")
    private boolean once;

    @Mixin
    private ScanIntervalOption interval;

    @Mixin
    private HideArgumentsOption hidden;

    @Mixin
    private FilterOptions filter;

    @Mixin
    private ProbeOptions probes;

    @Spec
    void setSpec(CommandSpec command) {
        spec = command;
        spec.usageMessage()
                .footer(Stream.of(List.of("", "Keys:"), Help.KEYS, List.of("", "Columns:"), Help.COLUMNS, EXAMPLES)
                        .flatMap(List::stream)
                        .map(line -> line.replace("%", "%%"))
                        .toArray(String[]::new));
    }

    @Override
    public void run() {
        Screen screen = Screen.stdout();
        TopSession session = new TopSession(probes, interval(), filter.filter(), hidden.isHidden());
        try (Shutdown stop = new Shutdown()) {
            if (once || !isTerminal(screen)) {
                session.run(open(), stop, view -> view.print(spec.commandLine().getOut(), screen.columns(), once));
            } else {
                probes.linger();
                // The two slowest steps of the start run in parallel.
                CompletableFuture<FullScreen> terminal = Worker.supply("terminal", FullScreen::new);
                SelectedProbes opened = open();
                try (DeferredLog log = new DeferredLog();
                        FullScreen full = terminal.join()) {
                    session.run(opened, stop, view -> view.show(full, log, screen.colours()));
                }
            }
        }
    }

    private SelectedProbes open() {
        SelectedProbes opened = probes.open(true, ProbeSettings.PLAIN.withHiddenArguments(hidden.isHidden()));
        TierReport.of(opened, interval()).forEach(spec.commandLine().getErr()::println);
        return opened;
    }

    private Duration interval() {
        Duration wanted = interval.get();
        return once && wanted.compareTo(MAX_INTERVAL_ONCE) > 0 ? MAX_INTERVAL_ONCE : wanted;
    }

    private static boolean isTerminal(Screen screen) {
        return !screen.equals(Screen.FILE)
                && Terminal.of(Terminal.STDIN).isPresent()
                && !Screen.isDumb(System.getenv());
    }
}
