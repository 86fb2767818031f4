package dev.aioscope.event;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Any bytes are an event or raise {@link CorruptEventException}. */
public final class EventFuzz {
    private EventFuzz() {}

    /** Entry point of Jazzer. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        ByteBuffer record = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        try {
            Event event = Event.of(record, 0, bytes.length);
            String unused = event.type() + event.comm() + event.time();
            if (event instanceof ProcessEvent process) {
                unused += process.executable()
                        + process.cgroupPath()
                        + process.cgroupV1Path()
                        + process.nodeName()
                        + process.arguments()
                        + process.processComm();
            }
        } catch (CorruptEventException e) {
            // The expected result for invalid bytes.
        }
        EventReader.sizeAt(record, 0, bytes.length);
    }
}
