package dev.aioscope.cli;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.DutyCycle.Stats;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.Shutdown;
import dev.aioscope.cli.option.FilterOptions;
import dev.aioscope.cli.option.HideArgumentsOption;
import dev.aioscope.cli.option.ProbeOptions;
import dev.aioscope.cli.option.ScanIntervalOption;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.kernel.Terminal;
import dev.aioscope.kernel.Units;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.output.Screen;
import dev.aioscope.output.TierReport;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.top.Activity;
import dev.aioscope.top.Activity.HostActivity;
import dev.aioscope.top.Frame;
import dev.aioscope.top.FullScreen;
import dev.aioscope.top.FullScreen.KeyPress;
import dev.aioscope.top.HeaderInfo;
import dev.aioscope.top.Help;
import dev.aioscope.top.Renderer;
import dev.aioscope.top.TopModel;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The live view. */
@Command(
        name = "top",
        header = "Shows live who holds fs.aio-nr, and the teardowns as they happen.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n")
final class TopCommand implements Runnable {
    private static final int WAITING = 8192;
    private static final int FILE_COLUMNS = 200;
    private static final long NEVER = -1;
    private static final long SECOND = 1_000_000_000L;

    /** How long the window's size can be another one before it is drawn anew. */
    private static final long KEY_MILLIS = 100;

    private static final long FIRST_LOOK_MILLIS = 5;

    private static final String[] EXAMPLES = {
        "",
        "Examples:",
        "  aioscope top                    the whole host",
        "  aioscope top --comm mysqld      the contexts of one program",
        "  aioscope top --tier sample      without slowing down anything",
        "  aioscope top --once             one screen as plain text",
        "",
        "Into a file or a pipe, and with TERM=dumb, goes plain text, anew with each look. NO_COLOR is heeded.",
        "The terminal is given back as it was, after Ctrl-C and SIGTERM too; after SIGKILL the command reset does it.",
        "Exit status: 0 done, 1 failed while running, 2 wrong usage, 3 not possible on this host;",
        "130 after Ctrl-C and 143 after SIGTERM, both with a clean end.",
    };

    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--once", description = "Print one screen as plain text, after a second, and end.")
    private boolean once;

    @Mixin
    private ScanIntervalOption interval;

    @Mixin
    private HideArgumentsOption hidden;

    @Mixin
    private FilterOptions filter;

    @Mixin
    private ProbeOptions probes;

    private volatile boolean isEnded;

    @Spec
    void setSpec(CommandSpec command) {
        spec = command;
        spec.usageMessage()
                .footer(Stream.of(
                                Stream.of("", "Keys:"),
                                Help.KEYS.stream(),
                                Stream.of("", "Columns:"),
                                Help.COLUMNS.stream(),
                                Stream.of(EXAMPLES))
                        .flatMap(lines -> lines)
                        .map(line -> line.replace("%", "%%"))
                        .toArray(String[]::new));
    }

    @Override
    public void run() {
        Screen screen = Screen.stdout();
        try (Shutdown stop = new Shutdown()) {
            if (once || !isTerminal(screen)) {
                watch(
                        stop,
                        probes.open(true, ProbeSettings.PLAIN),
                        (watch, activity, about) -> print(watch, activity, about, screen));
            } else {
                probes.linger();
                // The two take the most time, and neither needs the other.
                CompletableFuture<FullScreen> terminal = CompletableFuture.supplyAsync(TopCommand::fullScreen);
                SelectedProbes opened = probes.open(true, ProbeSettings.PLAIN);
                try (DeferredLog log = new DeferredLog();
                        FullScreen full = terminal.join()) {
                    watch(stop, opened, (watch, activity, about) -> show(watch, activity, about, full, log, screen));
                }
            }
        }
    }

    /** One screen is there after a second. */
    private Duration interval() {
        Duration wanted = interval.get();
        return once && wanted.toNanos() > SECOND ? Duration.ofNanos(SECOND) : wanted;
    }

    private static boolean isTerminal(Screen screen) {
        return !screen.equals(Screen.FILE)
                && Terminal.of(Terminal.STDIN).isPresent()
                && !System.getenv().getOrDefault("TERM", "dumb").equals("dumb");
    }

    private static FullScreen fullScreen() {
        try {
            return new FullScreen();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What is done with what is seen, until it returns. */
    private interface Face {
        void show(Seen watching, Activity activity, HeaderInfo about) throws IOException;
    }

    /** The watch on its thread. */
    private record Seen(
            DutyCycle watch, FutureTask<?> thread, ListenerQueue queue, WallClock clock, Processes processes) {
        boolean isOver() {
            return thread.isDone();
        }
    }

    private void watch(Shutdown stop, SelectedProbes opened, Face face) {
        Tier tier = opened.probes().tier();
        TierReport.of(opened, interval()).forEach(spec.commandLine().getErr()::println);
        Activity activity = new Activity(opened.probes()::now);
        WallClock clock = probes.clock();
        HeaderInfo about = new HeaderInfo(
                probes.host().name(),
                probes.host().release(),
                tier,
                opened.probes().engine(),
                caution(tier));
        try (Processes processes = probes.processes(hidden.isHidden(), Processes::unlimited);
                ListenerQueue queue =
                        new ListenerQueue(activity, WAITING, opened.probes().canWait());
                IdentityCollector firstSight =
                        new IdentityCollector(processes, filter.filter().before(queue));
                DutyCycle watch = new DutyCycle(opened.probes(), firstSight, clock, interval())) {
            FutureTask<?> watching = new FutureTask<>(watch::run, null);
            stop.onRequest(() -> isEnded = true);
            Worker.startOnce("reader", self -> watching.run());
            try {
                face.show(new Seen(watch, watching, queue, clock, processes), activity, about);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                watch.stop();
                await(watching);
            }
        }
    }

    /** The probes must not go while they are read. */
    private static void await(FutureTask<?> watching) {
        try {
            watching.get(10, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the watch has failed", e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("the watch does not end", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String caution(Tier tier) {
        return switch (tier) {
            case SYSCALL -> "Cost meanwhile: each system call of the host 143 -> 218 ns, measured. No phases.";
            case SAMPLE ->
                "Seen is only what lasts longer than "
                        + Units.duration(interval().toNanos()) + ": no set-ups, refusals, quick destroys or phases.";
            case PROC ->
                "No charges, requests or phases are seen, and only what lasts longer than "
                        + Units.duration(interval().toNanos()) + ".";
            case FULL -> "";
        };
    }

    private Frame picture(Scan view, Seen watching, Activity activity, Identities identities) {
        HostActivity host = activity.at(view.time());
        Stats stats = watching.watch().stats();
        long lost = stats.losses().total()
                + stats.counters().evictedContexts()
                + stats.counters().evictedTeardowns()
                + stats.counters().evictedCalls()
                + watching.queue().dropped();
        return Frame.of(
                view, host, identities, filter.filter(), lost, watching.clock().offsetAt(view.time()));
    }

    // ---- in a terminal ----

    private void show(
            Seen watching, Activity activity, HeaderInfo about, FullScreen full, DeferredLog log, Screen screen)
            throws IOException {
        Renderer renderer = new Renderer(about, KernelStack::functions, ZoneId.systemDefault(), screen.colours());
        try {
            full.open();
            TopModel model = TopModel.START;
            long last = NEVER;
            String notice = "";
            boolean isNew = true;
            while (!model.isOver() && !isEnded && !watching.isOver()) {
                Scan view = watching.watch().latestScan();
                boolean isFirst = view != null && last == NEVER;
                if (view != null && view.time() != last) {
                    model = model.show(picture(view, watching, activity, watching.processes()));
                    last = view.time();
                    isNew = true;
                }
                isNew |= full.resize();
                isNew |= !notice.equals(log.latest());
                if (isNew) {
                    notice = log.latest();
                    model = renderer.limitScroll(model, notice, full.columns(), full.rows());
                    full.draw(renderer.lines(model, notice, full.columns(), full.rows()));
                }
                if (isFirst) {
                    // Not before: the start of another Java would hold up the first screen.
                    watching.processes().start();
                }
                Optional<KeyPress> key = full.key(last == NEVER ? FIRST_LOOK_MILLIS : KEY_MILLIS);
                isNew = key.isPresent();
                if (key.isPresent()) {
                    model = model.press(key.get().key(), key.get().text());
                }
            }
        } finally {
            full.close();
        }
    }

    // ---- as plain text ----

    private void print(Seen watching, Activity activity, HeaderInfo about, Screen screen) {
        PrintWriter out = spec.commandLine().getOut();
        Renderer renderer = new Renderer(about, KernelStack::functions, ZoneId.systemDefault(), false);
        int columns = Math.min(FILE_COLUMNS, screen.columns());
        @Nullable Long began = null;
        // Nobody waits for text as for a key.
        Identities looking = (task, mm, mayRead) -> watching.processes().of(task, mm, true);
        watching.processes().start();
        long last = NEVER;
        boolean isEnough = false;
        while (!isEnough && !isEnded && !out.checkError()) {
            // Before the view: what a recording showed last is to be seen too.
            boolean isOver = watching.isOver();
            Scan view = watching.watch().latestScan();
            boolean isLast = once && isOver;
            if (view == null || (view.time() == last && !isLast)) {
                if (isOver) {
                    return;
                }
                pause();
                continue;
            }
            last = view.time();
            began = began == null ? last : began;
            isEnough = isLast || (once && last - began >= SECOND);
            if (isEnough || !once) {
                TopModel model = TopModel.START.show(picture(view, watching, activity, looking));
                renderer.text(model, columns).forEach(out::println);
                if (!once) {
                    out.println();
                }
                out.flush();
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
