package dev.aioscope.probe.bpf;

import dev.aioscope.kernel.Tracefs;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Return probes with room for many calls in progress. The kernel's ordinary way gives a return probe as many slots as
 * there are CPUs, and a thread that waits in io_destroy keeps one for as long as it waits; only tracefs takes a number.
 *
 * <p>What is defined in tracefs would stay if the agent were killed. A shell reads the names from a pipe, waits for the
 * pipe's end, which comes with the end of the agent however it ends, and removes them then. One shell for all of them,
 * started with the first.
 */
public final class Kretprobe implements AutoCloseable {
    /** The answer of a kernel that is built without them. */
    public static final String NOT_OFFERED = "the kernel has no kprobes (no kprobe_events in tracefs)";

    private static final int SLOTS = 1024;

    /** Removing fails while the kernel still closes the probe, which is a matter of milliseconds. */
    private static final String REMOVE_AT_END = """
            trap '' INT TERM HUP
            events=
            while read -r event; do events="$events $event"; done
            for event in $events; do
              tries=0
              while [ -e "events/$event" ] && ! echo "-:$event" >> kprobe_events && [ $tries -lt 100 ]; do
                tries=$((tries + 1))
                sleep 0.05
              done
            done
            """;

    private static final AtomicInteger GROUPS = new AtomicInteger();

    private final String group = "aioscope_" + ProcessHandle.current().pid() + "_" + GROUPS.incrementAndGet();
    /** They stay until the end, so that a probe can be placed again. */
    private final Set<String> defined = new HashSet<>();

    private @Nullable Process shell;
    private @Nullable BufferedWriter names;

    /**
     * Defines a return probe.
     *
     * @param symbol the kernel's function
     * @return the event, for {@link PerfEvent#open}
     * @throws IOException with the kernel's answer
     */
    public String define(String symbol) throws IOException {
        return define("r" + SLOTS, symbol, symbol);
    }

    /** The same for a probe at the function's entry. */
    public String defineEntry(String symbol) throws IOException {
        return define("p", symbol + "_entry", symbol);
    }

    private String define(String kind, String name, String symbol) throws IOException {
        Path tracefs = Tracefs.folder().orElseThrow(() -> new IOException(Tracefs.why()));
        if (!Tracefs.definesKprobes()) {
            throw new IOException(NOT_OFFERED);
        }
        String event = group + "/" + name;
        if (defined.contains(event)) {
            return event;
        }
        // First the one who removes it: from its definition on the agent can be killed at any time.
        removeAtEnd(tracefs, event);
        Files.writeString(
                tracefs.resolve("kprobe_events"),
                kind + ":" + event + " " + symbol + "\n",
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND);
        defined.add(event);
        return event;
    }

    private void removeAtEnd(Path tracefs, String event) throws IOException {
        if (names == null) {
            // A session of its own, so that Ctrl-C in the agent's terminal does not reach it.
            shell = new ProcessBuilder("setsid", "sh", "-c", REMOVE_AT_END, "aioscope-remove-probes")
                    .directory(tracefs.toFile())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            names = shell.outputWriter(StandardCharsets.US_ASCII);
        }
        names.write(event + "\n");
        names.flush();
    }

    /** Removes them. The events must be closed before. */
    @Override
    public void close() {
        if (names == null || shell == null) {
            return;
        }
        try (BufferedWriter end = names) {
            end.flush();
        } catch (IOException e) {
            throw new IllegalStateException("the shell that removes the return probes of " + group + " is gone", e);
        }
        try {
            shell.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
