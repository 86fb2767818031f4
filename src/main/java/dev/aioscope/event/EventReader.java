package dev.aioscope.event;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Decodes records: reading allocates nothing. Not thread-safe. */
public final class EventReader {
    /** By the code of the type. */
    private final @Nullable Event[] views = new Event[EventType.CODES];

    private final CommCache comms = new CommCache();
    private long[] copy = {};

    /**
     * The record at {@code offset} of {@code buffer} (host byte order), valid until the next call.
     *
     * @param length bytes available; a record has the size of its type, and the ring buffer pads it
     * @throws CorruptEventException if the record is too short, or the probes send no such type or size
     */
    public Event read(ByteBuffer buffer, int offset, int length) {
        int count = Math.min(length, sizeAt(buffer, offset, length)) / Long.BYTES;
        if (copy.length < count) {
            copy = new long[count];
        }
        for (int i = 0; i < count; i++) {
            copy[i] = buffer.getLong(offset + Long.BYTES * i);
        }
        return read(buffer, offset, length, copy, 0);
    }

    /**
     * The same for a record that the caller copied.
     *
     * @param words the copy begins at {@code first} of them
     */
    public Event read(ByteBuffer buffer, int offset, int length, long[] words, int first) {
        if (length < EventLayout.HEADER_SIZE) {
            throw new CorruptEventException(
                    "a record of " + length + " bytes is shorter than its header (" + EventLayout.HEADER_SIZE + ")");
        }
        int typeAndSize = (int) (words[first + EventLayout.TYPE / Long.BYTES] >>> Integer.SIZE);
        int code = typeAndSize & 0xffff;
        int size = typeAndSize >>> Short.SIZE;
        EventType type = EventType.of(code);
        if (type == null) {
            throw new CorruptEventException("unknown record type " + code);
        }
        if (!type.allows(size) || length < size) {
            throw new CorruptEventException(
                    "a record " + type + " of " + size + " bytes in " + length + " should have " + type.size());
        }
        Event view = views[code];
        if (view == null) {
            view = newView(type);
            view.share(comms);
            views[code] = view;
        }
        return view.moveTo(buffer, offset, words, first);
    }

    private static Event newView(EventType type) {
        return switch (type) {
            case SETUP -> new SetupEvent();
            case DESTROY_ENTER, KILL_ENTER -> new TeardownEnterEvent(type);
            case DESTROY_EXIT -> new DestroyExitEvent();
            case KILL_EXIT -> new KillExitEvent();
            case USERS -> new UsersEvent();
            case REQS -> new ReqsEvent();
            case FREE -> new FreeEvent();
            case STACK -> new StackEvent();
            case USE -> new UseEvent();
            case STRAGGLER -> new StragglerEvent();
            case PROCESS -> new ProcessEvent();
            case LIVE_CONTEXT -> new LiveContextEvent();
            case TASK_IN_TEARDOWN -> new TaskInTeardownEvent();
            case TEARDOWN_STATE -> new TeardownStateEvent();
        };
    }

    /**
     * The size in the header of the record at {@code offset}; at least that of a header, so that a reader proceeds.
     *
     * @param length bytes available
     */
    public static int sizeAt(ByteBuffer buffer, int offset, int length) {
        return length < EventLayout.HEADER_SIZE
                ? EventLayout.HEADER_SIZE
                : Math.max(EventLayout.HEADER_SIZE, Short.toUnsignedInt(buffer.getShort(offset + EventLayout.SIZE)));
    }
}
