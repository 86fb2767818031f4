package dev.aioscope.daemon;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.agent.IdentityCollector;
import dev.aioscope.agent.ListenerQueue;
import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.TaskFilter;
import dev.aioscope.agent.TaskSelector;
import dev.aioscope.audit.Audit;
import dev.aioscope.daemon.ApiDocuments.EventOrigin;
import dev.aioscope.daemon.ApiDocuments.Observed;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.output.JsonColumns;
import dev.aioscope.output.TraceJson;
import dev.aioscope.probe.Probes;
import dev.aioscope.recording.Recording;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** The page as one file, with all that a recording shows. */
public final class IncidentReport {
    /** The number of teardowns that it shows, the latest ones. */
    public static final int MAX_TEARDOWNS = 10_000;

    private static final int MAX_EVENTS = 1000;

    private IncidentReport() {}

    /**
     * Reads a recording to its end and writes the HTML to a new file for its owner.
     *
     * @param hidesArguments whether to keep only the program of each command line
     * @param stuckAfter age at which a teardown counts as stuck
     * @throws java.nio.file.FileAlreadyExistsException if the file exists
     */
    public static void write(Recording recording, boolean hidesArguments, Duration stuckAfter, Path file)
            throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, of(recording, hidesArguments, stuckAfter));
    }

    /**
     * Reads a recording to its end and returns the HTML.
     *
     * @param hidesArguments whether to keep only the program of each command line
     * @param stuckAfter age at which a teardown counts as stuck
     */
    public static String of(Recording recording, boolean hidesArguments, Duration stuckAfter) {
        try (Probes probes = recording.replay(null, false);
                Processes processes = recording.processes(hidesArguments)) {
            return PageDocument.report(compressed(documents(recording, probes, processes, stuckAfter)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ApiDocuments documents(
            Recording recording, Probes probes, Processes processes, Duration stuckAfter) {
        WallClock clock = recording.clock();
        RecentEvents recent = new RecentEvents(MAX_TEARDOWNS, MAX_EVENTS);
        Audit audit = new Audit(probes.tier(), false);
        QuotaHistory history = new QuotaHistory(processes, clock, interval(recording));
        ListenerQueue queue = new ListenerQueue(ForwardingListener.to(recent, audit), 1, true);
        IdentityCollector identities = new IdentityCollector(processes, queue);
        DutyCycle dutyCycle = new DutyCycle(probes, identities, clock, Duration.ofSeconds(1), stuckAfter);
        dutyCycle.identifyBy(identities);
        dutyCycle.onScan(history::accept);
        dutyCycle.run();
        ProbeWatch watch = new ProbeWatch(new SelectedProbes(probes, List.of()), ProbeWatch.INTERVAL);
        return new ApiDocuments(
                new EventOrigin(probes, clock, true, recording.began(), stuckAfter),
                new Observed(
                        dutyCycle::latestScan,
                        recent,
                        history,
                        audit,
                        new DaemonCounters(dutyCycle, queue, identities, watch, null)),
                new TaskSelector(() -> TaskFilter.ALL, processes),
                processes,
                new TraceJson(clock, processes, numbers -> Optional.empty(), () -> null),
                () -> gaps(recording, recent));
    }

    /** Long enough that the samples cover the recording. */
    private static Duration interval(Recording recording) {
        Duration even = Duration.ofNanos((recording.ended() - recording.began()) / QuotaHistory.SAMPLES);
        return even.compareTo(QuotaHistory.INTERVAL) > 0 ? even : QuotaHistory.INTERVAL;
    }

    private static List<String> gaps(Recording recording, RecentEvents recent) {
        List<String> gaps = new ArrayList<>();
        recording.losses().forEach(loss -> gaps.add("The recording is incomplete: " + loss));
        if (recent.teardowns() > MAX_TEARDOWNS) {
            gaps.add("The report has the latest " + MAX_TEARDOWNS + " of " + recent.teardowns() + " teardowns");
        }
        return gaps;
    }

    /** The documents as one JSON object in gzip and base64. */
    private static String compressed(ApiDocuments documents) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (Writer json = new OutputStreamWriter(new GZIPOutputStream(bytes), StandardCharsets.UTF_8)) {
            json.write("{\"format\":1");
            for (Map.Entry<String, Supplier<Optional<Stream<String>>>> document :
                    documents.byName().entrySet()) {
                Stream<String> lines = document.getValue().get().orElse(Stream.of());
                json.write(",\"" + document.getKey() + "\":" + JsonColumns.of(lines));
            }
            json.write("}");
        }
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
