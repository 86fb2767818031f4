package dev.aioscope.event;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Records one after the other as the probes of a real kernel sent them, little-endian; each has its size in its header. */
public record Recording(List<Event> events) {
    /** Reads one of {@code src/test/resources/recorded}. */
    public static Recording read(Path file) throws IOException {
        return of(Files.readAllBytes(file));
    }

    private static Recording of(byte[] records) {
        ByteBuffer buffer = ByteBuffer.wrap(records).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        int at = 0;
        while (at < buffer.limit()) {
            Event event = new Event().wrap(buffer, at, buffer.limit() - at);
            events.add(event);
            at += event.type().size();
        }
        return new Recording(List.copyOf(events));
    }

    /**
     * The same once more, in the same places of memory.
     *
     * @param nanos by how much later
     * @param pids by how much higher the ids of the processes and threads are
     * @param comm what their threads are called
     */
    public List<Event> again(long nanos, int pids, String comm) {
        return events.stream()
                .map(event -> {
                    ByteBuffer record = ByteBuffer.wrap(event.copy()).order(ByteOrder.LITTLE_ENDIAN);
                    EventBuilder.postpone(record, event.type(), nanos);
                    EventBuilder.rename(record, event.pid() + pids, event.tid() + pids, comm);
                    return new Event().wrap(record, 0, record.capacity());
                })
                .toList();
    }
}
