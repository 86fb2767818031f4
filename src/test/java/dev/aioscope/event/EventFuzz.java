package dev.aioscope.event;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Whatever stands in a record is an event, or is refused as corrupt. */
public final class EventFuzz {
    private EventFuzz() {}

    /** What Jazzer calls. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        ByteBuffer record = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        try {
            Event event = Event.of(record, 0, bytes.length);
            String unused = event.type() + event.comm() + event.time();
        } catch (CorruptEventException e) {
            // It is told apart.
        }
        EventReader.sizeAt(record, 0, bytes.length);
    }
}
