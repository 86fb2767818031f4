package dev.aioscope.recording;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Reads the items of a recording in order and skips what is damaged. Holds one block at a time.
 *
 * <p>After {@link #next}, the content of the item is {@link #length} bytes of {@link #bytes} from {@link #at} on.
 */
final class Blocks implements AutoCloseable {
    private static final int WINDOW = 4 * Block.SIZE;

    private final SeekableByteChannel file;
    private final ByteBuffer window =
            ByteBuffer.allocateDirect(WINDOW).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private int end;
    private int at;
    private int length;
    private boolean isEnded;

    private long unreadable;
    private long otherVersions;
    private long lost;
    private long expected = Block.NO_RECORD;
    private @Nullable IOException failure;

    /** Begins at the position of the file; {@link #close} closes the file. */
    Blocks(SeekableByteChannel file) {
        this.file = file;
    }

    /** The next item of a known kind; null at the end. */
    @Nullable Item next() {
        while (true) {
            at += length;
            length = 0;
            if (at + Block.ITEM_HEADER > end) {
                if (!nextBlock()) {
                    return null;
                }
                continue;
            }
            int header = window.getInt(at);
            at += Block.ITEM_HEADER;
            length = header & 0xff_ffff;
            if (length > end - at) {
                // Invalid despite a valid checksum: skip the rest of the block.
                unreadable += end - at;
                length = end - at;
                continue;
            }
            Item item = Item.of(header >>> 24);
            if (item != null) {
                return item;
            }
        }
    }

    private boolean nextBlock() {
        window.position(end);
        while (true) {
            if (window.remaining() < Block.SIZE && !isEnded) {
                fill();
            }
            int begin = window.position();
            if (window.remaining() < Block.HEADER_SIZE) {
                unreadable += window.remaining();
                at = window.limit();
                end = at;
                window.position(at);
                return false;
            }
            int size = Block.sizeAt(window, begin, window.remaining());
            if (size == 0) {
                unreadable++;
                window.position(begin + 1);
            } else if (Block.version(window, begin) != Block.VERSION) {
                otherVersions++;
                window.position(begin + size);
            } else if (isRepeated(begin)) {
                window.position(begin + size);
            } else {
                count(begin);
                at = begin + Block.HEADER_SIZE;
                end = begin + size;
                return true;
            }
        }
    }

    /** Whether the block repeats records: consecutive snapshots of one run overlap. */
    private boolean isRepeated(int begin) {
        long first = Block.firstRecord(window, begin);
        return first != Block.NO_RECORD && first < expected;
    }

    private void count(int begin) {
        long first = Block.firstRecord(window, begin);
        if (first != Block.NO_RECORD) {
            if (expected != Block.NO_RECORD && first > expected) {
                lost += first - expected;
            }
            expected = first + Integer.toUnsignedLong(Block.records(window, begin));
        }
    }

    private void fill() {
        window.compact();
        try {
            while (window.hasRemaining() && !isEnded) {
                isEnded = file.read(window) < 0;
            }
        } catch (IOException e) {
            failure = e;
            isEnded = true;
        }
        window.flip();
        at = 0;
        end = 0;
    }

    /** The buffer with the content of the item. */
    ByteBuffer bytes() {
        return window;
    }

    int at() {
        return at;
    }

    int length() {
        return length;
    }

    /** The 8-byte number at this index of the content; 0 if the content is too short. */
    long number(int index) {
        int offset = index * Long.BYTES;
        return offset + Long.BYTES <= length ? window.getLong(at + offset) : 0;
    }

    /** A copy of the content. */
    byte[] copy() {
        byte[] copy = new byte[length];
        window.get(at, copy);
        return copy;
    }

    /** Bytes so far outside of complete blocks. */
    long unreadable() {
        return unreadable;
    }

    /** Blocks so far from another version of aioscope. */
    long otherVersions() {
        return otherVersions;
    }

    /** Records so far that are missing between others. */
    long lost() {
        return lost;
    }

    /** The error that ended the read; null if there was none. */
    @Nullable IOException failure() {
        return failure;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
