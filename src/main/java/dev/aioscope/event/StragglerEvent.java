package dev.aioscope.event;

import java.util.List;
import java.util.stream.IntStream;

/** A request of a followed context completed. */
public final class StragglerEvent extends Event {
    /** NAME_LEN of the header. */
    private static final int NAME_LENGTH = 48;

    private static final int MOST_NAMES = (EventLayout.STRAGGLER_SIZE - EventLayout.STRAGGLER_NAMES) / NAME_LENGTH;

    StragglerEvent() {
        super(EventType.STRAGGLER);
    }

    /** The operation of the request. */
    public Operation operation() {
        return Operation.of(s32(EventLayout.STRAGGLER_OPERATION));
    }

    /** The file offset of the request. */
    public long offset() {
        return u64(EventLayout.STRAGGLER_OFFSET);
    }

    /** The inode of the request's file. */
    public long inode() {
        return u64(EventLayout.STRAGGLER_INODE);
    }

    /** The magic number of the file's file system. */
    public long magic() {
        return u64(EventLayout.STRAGGLER_MAGIC);
    }

    /** The kernel's number of the file's device: major &lt;&lt; 20 | minor. */
    public int device() {
        return s32(EventLayout.STRAGGLER_DEVICE);
    }

    /** Bytes, or a negative errno. */
    public long result() {
        return u64(EventLayout.STRAGGLER_RESULT);
    }

    /**
     * The names of the file and of the directories above it, the file first; long names are cut.
     *
     * @throws CorruptEventException if there are more than a record can hold
     */
    public List<String> names() {
        int depth = s32(EventLayout.STRAGGLER_DEPTH);
        if (depth < 0 || depth > MOST_NAMES) {
            throw new CorruptEventException("invalid number of path components " + depth);
        }
        return IntStream.range(0, depth)
                .mapToObj(i -> text(EventLayout.STRAGGLER_NAMES + NAME_LENGTH * i, NAME_LENGTH))
                .toList();
    }
}
