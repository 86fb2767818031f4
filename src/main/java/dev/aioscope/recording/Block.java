package dev.aioscope.recording;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** The envelope of items; the package description has the layout. */
final class Block {
    /** {@code AIOR}. */
    static final int MAGIC = 0x524f_4941;

    /** Increases when an item or the block changes; readers skip unknown kinds of items. */
    static final int VERSION = 1;

    /** The maximum size. */
    static final int SIZE = 1 << 16;

    static final int HEADER_SIZE = 32;

    /** The first record of a block without records. */
    static final long NO_RECORD = -1;

    static final int ITEM_HEADER = 4;

    /** The maximum length of an item's content. */
    static final int MAX_CONTENT = SIZE - HEADER_SIZE - ITEM_HEADER;

    private static final int CRC = 4;
    private static final int LENGTH = 8;
    private static final int FORMAT = 12;
    private static final int FIRST = 16;
    private static final int COUNT = 24;

    private Block() {}

    /** Allocates an empty block. */
    static ByteBuffer allocate(int size) {
        return begin(ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN), NO_RECORD);
    }

    /** Clears a block. */
    static ByteBuffer begin(ByteBuffer block, long firstRecord) {
        return block.clear()
                .putInt(0, MAGIC)
                .putInt(FORMAT, VERSION)
                .putLong(FIRST, firstRecord)
                .putInt(COUNT, 0)
                .putInt(COUNT + 4, 0)
                .position(HEADER_SIZE);
    }

    /** Begins an item, whose content must follow. The caller ensures the room. */
    static ByteBuffer item(ByteBuffer block, Item item, int length) {
        return block.putInt(item.code() << 24 | length);
    }

    /** Counts one record. */
    static void count(ByteBuffer block) {
        block.putInt(COUNT, block.getInt(COUNT) + 1);
    }

    /** Completes a block with its length and checksum, ready to write. */
    static ByteBuffer seal(ByteBuffer block) {
        block.flip();
        block.putInt(LENGTH, block.limit() - HEADER_SIZE);
        return block.putInt(CRC, checksum(block, 0, block.limit()));
    }

    /**
     * The size of the block that begins here; 0 if there is none, or it is damaged or truncated.
     *
     * @param length of the available bytes
     */
    static int sizeAt(ByteBuffer bytes, int at, int length) {
        if (length < HEADER_SIZE || bytes.getInt(at) != MAGIC) {
            return 0;
        }
        int items = bytes.getInt(at + LENGTH);
        if (items < 0 || items > Math.min(length, SIZE) - HEADER_SIZE) {
            return 0;
        }
        int size = HEADER_SIZE + items;
        return bytes.getInt(at + CRC) == checksum(bytes, at, size) ? size : 0;
    }

    static int version(ByteBuffer bytes, int at) {
        return bytes.getInt(at + FORMAT);
    }

    static long firstRecord(ByteBuffer bytes, int at) {
        return bytes.getLong(at + FIRST);
    }

    static int records(ByteBuffer bytes, int at) {
        return bytes.getInt(at + COUNT);
    }

    private static int checksum(ByteBuffer bytes, int at, int size) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(at + LENGTH, size - LENGTH));
        return (int) crc.getValue();
    }
}
