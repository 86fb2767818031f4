package dev.aioscope.event;

import dev.aioscope.probe.Probes;
import dev.aioscope.recording.Recording;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The records of a recording without its scans, for repeated replay at other times and in other processes. */
public record Repeatable(List<Event> events) {
    /** Reads one of {@code src/test/resources/recorded}. */
    public static Repeatable read(Path file) throws IOException {
        List<Event> events = new ArrayList<>();
        try (Probes probes = Recording.open(file).replay(null, false)) {
            while (!probes.isOver()) {
                probes.await(0);
                while (probes.poll(
                                event -> events.add(
                                        Event.of(copy(event), 0, event.type().size())),
                                1000)
                        > 0) {}
                if (probes.isScanDue(0, 0)) {
                    probes.inventory(event -> {});
                }
            }
        }
        return new Repeatable(List.copyOf(events));
    }

    private static ByteBuffer copy(Event event) {
        ByteBuffer copy = ByteBuffer.allocate(event.type().size()).order(ByteOrder.LITTLE_ENDIAN);
        event.copyTo(copy);
        return copy;
    }

    /**
     * Copies the records with the same pointers.
     *
     * @param nanos added to all times
     * @param pids added to all pids and tids
     * @param comm the name of all threads
     */
    public List<Event> again(long nanos, int pids, String comm) {
        return events.stream()
                .map(event -> {
                    ByteBuffer record = copy(event);
                    EventBuilder.postpone(record, event.type(), nanos);
                    EventBuilder.rename(record, event.pid() + pids, event.tid() + pids, comm);
                    return Event.of(record, 0, record.capacity());
                })
                .toList();
    }
}
