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
 * Defines kprobes and return probes in tracefs. A return probe from perf_event_open has about as many slots as CPUs, and a
 * thread that waits in io_destroy holds one for the whole wait; only tracefs accepts a number of slots.
 *
 * <p>A definition in tracefs would outlive a killed agent. One shell, started with the first probe, reads the names from a
 * pipe and removes the probes at the end of the pipe, which comes with any exit of the agent.
 */
public final class Kretprobe implements AutoCloseable {
    /** The reason on a kernel built without kprobes. */
    public static final String NOT_OFFERED = "the kernel does not support kprobes (no kprobe_events in tracefs)";

    private static final int SLOTS = 1024;

    /** Retries, as removal fails while the kernel still closes the probe, which takes milliseconds. */
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
    /** Kept until close, so that a probe can attach again. */
    private final Set<String> defined = new HashSet<>();

    private @Nullable Process shell;
    private @Nullable BufferedWriter names;

    /**
     * Defines a return probe.
     *
     * @param symbol the kernel function
     * @return the event for {@link PerfEvent#open}
     * @throws IOException with the reason
     */
    public String define(String symbol) throws IOException {
        return define("r" + SLOTS, symbol, symbol);
    }

    /** The same for a probe at the function's entry. */
    public String defineEntry(String symbol) throws IOException {
        return define("p", symbol + "_entry", symbol);
    }

    private String define(String kind, String name, String symbol) throws IOException {
        Path tracefs = Tracefs.directory().orElseThrow(() -> new IOException(Tracefs.why()));
        if (!Tracefs.definesKprobes()) {
            throw new IOException(NOT_OFFERED);
        }
        String event = group + "/" + name;
        if (defined.contains(event)) {
            return event;
        }
        // Register the removal first: the agent can be killed right after the definition.
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
            // In its own session, Ctrl-C in the agent's terminal does not reach it.
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

    /** Removes all definitions. Close the events first. */
    @Override
    public void close() {
        if (names == null || shell == null) {
            return;
        }
        try (BufferedWriter end = names) {
            end.flush();
        } catch (IOException e) {
            throw new IllegalStateException("cannot remove the return probes of " + group + ": the shell exited", e);
        }
        try {
            shell.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
