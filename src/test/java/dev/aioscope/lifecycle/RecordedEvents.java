package dev.aioscope.lifecycle;

import dev.aioscope.probe.Probes;
import dev.aioscope.recording.Recording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Plays a recording to a {@link Lifecycle}.
 *
 * <p>The file {@code <name>.expected} next to it contains a line for each teardown in the order of the reports, followed by
 * teardowns still in progress at the end. {@code #} begins a comment. A line lists the values to compare as {@code
 * key=value}, with the keys of {@link #describe}. A number can be a range {@code from..to}. An absent value is {@code null}.
 */
final class RecordedEvents {
    private RecordedEvents() {}

    /** The teardowns that a replay of the recording reports. */
    static List<Teardown> replay(Path recording) throws IOException {
        try (Probes probes = Recording.open(recording).replay(null, false)) {
            RecordingListener received = new RecordingListener();
            Lifecycle lifecycle = new Lifecycle(received, probes.tier(), Limits.DEFAULT);
            scan(probes, lifecycle);
            while (!probes.isOver()) {
                probes.await(0);
                poll(probes, lifecycle);
                lifecycle.advance(probes.now());
                scan(probes, lifecycle);
            }
            lifecycle.advance(probes.now() + 2 * Lifecycle.OVERDUE_NS);
            List<Teardown> teardowns = new ArrayList<>(received.teardowns);
            lifecycle.teardownsInProgress().forEach(teardown -> teardowns.add(teardown.known()));
            return teardowns;
        }
    }

    private static void scan(Probes probes, Lifecycle lifecycle) {
        if (probes.isScanDue(0, 0)) {
            lifecycle.beginScan(probes.now());
            probes.inventory(lifecycle::accept);
            poll(probes, lifecycle);
            lifecycle.endScan();
        }
    }

    private static void poll(Probes probes, Lifecycle lifecycle) {
        while (probes.poll(lifecycle::accept, 1000) > 0) {}
    }

    /** The lines of an expectation file without comments. */
    static List<String> expectations(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(line -> line.replaceAll("#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .toList();
    }

    /** The values of this line that the teardown does not match. */
    static List<String> differences(String line, Teardown teardown) {
        Map<String, String> actual = describe(teardown);
        List<String> differences = new ArrayList<>();
        for (String pair : line.split("\\s+", -1)) {
            String key = pair.substring(0, pair.indexOf('='));
            String wanted = pair.substring(key.length() + 1);
            String found = actual.get(key);
            if (found == null) {
                throw new IllegalArgumentException("no key " + key + ", there are " + actual.keySet());
            }
            if (!matches(wanted, found)) {
                differences.add(pair + ", but was " + found);
            }
        }
        return differences;
    }

    private static boolean matches(String wanted, String found) {
        int dots = wanted.indexOf("..");
        if (dots < 0 || found.equals("null")) {
            return wanted.equals(found);
        }
        long number = Long.parseLong(found);
        return number >= Long.parseLong(wanted.substring(0, dots))
                && number <= Long.parseLong(wanted.substring(dots + 2));
    }

    /** The values of a teardown by JSON name. */
    static Map<String, String> describe(Teardown teardown) {
        Map<String, String> values = new LinkedHashMap<>();
        Task caller = teardown.caller();
        Task owner = teardown.context().owner();
        put(
                values,
                "trigger",
                teardown.trigger() == null ? null : teardown.trigger().label());
        put(values, "end", teardown.end().name().toLowerCase(Locale.ROOT));
        put(values, "comm", caller == null ? null : caller.comm());
        put(values, "pid", caller == null ? null : caller.pid());
        put(values, "tid", caller == null ? null : caller.tid());
        put(values, "owner_pid", owner == null ? null : owner.pid());
        put(values, "generation", teardown.context().generation());
        put(values, "handle", Long.toHexString(teardown.context().handle()));
        put(values, "max_reqs", teardown.context().maxReqs());
        put(values, "nr_events", teardown.context().nrEvents());
        put(values, "result", teardown.call().result());
        put(values, "outstanding", teardown.outstanding());
        put(values, "outstanding_slots", teardown.counts().outstandingSlots());
        put(values, "outstanding_refs", teardown.counts().outstandingRefs());
        put(values, "outstanding_after_grace", teardown.counts().outstandingAfterGrace());
        put(values, "unreaped", teardown.counts().unreaped());
        put(values, "siblings", teardown.counts().siblings());
        put(values, "cancellable_before", teardown.counts().cancellableBefore());
        put(values, "cancellable_after", teardown.counts().cancellableAfter());
        put(values, "users_wait", teardown.usersWait());
        put(values, "reqs_wait", teardown.reqsWait());
        put(values, "lookup_ns", teardown.lookup());
        put(values, "kill_ns", teardown.kill());
        put(values, "unmap_ns", teardown.unmap());
        put(values, "cancel_ns", teardown.cancel());
        put(values, "drain_ns", teardown.drain());
        put(values, "grace_ns", teardown.grace());
        put(values, "io_ns", teardown.io());
        put(values, "wake_ns", teardown.wake());
        put(values, "deferred_free_ns", teardown.deferredFree());
        put(values, "aio_nr_before", teardown.kernel().aioNrBefore());
        put(values, "aio_nr_after", teardown.kernel().aioNrAfter());
        put(values, "unmap_result", teardown.kernel().unmapResult());
        put(values, "pending_sigkill", teardown.call().pendingSigkill());
        put(values, "voluntary_switches", teardown.call().voluntarySwitches());
        return values;
    }

    private static void put(Map<String, String> values, String key, @Nullable Object value) {
        values.put(key, String.valueOf(value).replace(' ', '_'));
    }
}
