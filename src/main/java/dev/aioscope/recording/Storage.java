package dev.aioscope.recording;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The file of a recording, or the files of a ring: each is a recording that can be read alone, and the oldest is deleted
 * for the next. Command lines can hold secrets, so the files are for their owner's eyes only. After {@link #begin} one
 * thread uses it.
 */
public final class Storage {
    /** What a ring is made of. */
    private static final int SEGMENTS = 8;

    /** Snapshots that are kept; the oldest goes for the next. */
    public static final int SNAPSHOTS = 4;

    /** The header is repeated after so many bytes. */
    private static final long REPEATED = 1 << 20;

    /** What identities may take up at the beginning of each file of a ring. */
    private static final int IDENTITIES = 1 << 18;

    private static final String SUFFIX = ".aioscope";
    private static final String SEGMENT = "ring-";
    /** The time that {@link #stamp} makes, in the three parts between which it has dashes for colons. */
    private static final Pattern STAMP = Pattern.compile("(\\d{4}-\\d\\d-\\d\\dT\\d\\d)-(\\d\\d)-(\\d\\d[.0-9]*Z)");

    private static final String SNAPSHOT = "snapshot-";
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /** Null if there is one file only. */
    private final @Nullable Path folder;

    private final long segmentSize;
    private final @Nullable FileChannel lock;
    private final Deque<Path> segments = new ArrayDeque<>();
    private final Deque<byte[]> identities = new ArrayDeque<>();
    private int identitiesSize;
    private int earlier;
    private byte[] header = {};
    private @Nullable FileChannel file;
    private long written;
    private long repeated;
    private long named;

    private Storage(@Nullable Path folder, long segmentSize, @Nullable FileChannel lock) {
        this.folder = folder;
        this.segmentSize = segmentSize;
        this.lock = lock;
    }

    /**
     * A file that grows.
     *
     * @throws java.nio.file.FileAlreadyExistsException if it is there
     */
    public static Storage file(Path path) throws IOException {
        return to(create(path));
    }

    /** A file that is open. */
    static Storage to(FileChannel file) {
        Storage storage = new Storage(null, Long.MAX_VALUE, null);
        storage.file = file;
        return storage;
    }

    /**
     * A ring of files.
     *
     * @param folder made if it is not there; what a ring of an earlier run left in it counts as its oldest part
     * @param size of all of them, bytes
     * @throws IOException if it cannot be written to, or another ring is being written to it
     */
    public static Storage ring(Path folder, long size) throws IOException {
        Files.createDirectories(folder);
        FileChannel lock =
                FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock held = lock.tryLock();
            if (held == null) {
                throw new IOException(folder + " is in use by another aioscope");
            }
            Storage storage = new Storage(folder, size / SEGMENTS, lock);
            storage.segments.addAll(list(folder, SEGMENT));
            storage.earlier = storage.segments.size();
            // The clock can have been set back since.
            storage.named = Math.max(latest(storage.segments), latest(list(folder, SNAPSHOT)));
            return storage;
        } catch (IOException | OverlappingFileLockException e) {
            lock.close();
            throw e instanceof IOException failure ? failure : new IOException(folder + " is in use already");
        }
    }

    /** Before the first block. */
    void begin(byte[] newHeader) {
        header = newHeader;
    }

    /** Appends a block, all of it or nothing. */
    void write(ByteBuffer block) throws IOException {
        FileChannel current = file;
        if (current == null || (folder != null && written + block.remaining() > segmentSize)) {
            current = nextSegment();
        } else if (written == 0 || written - repeated >= REPEATED) {
            repeated = written;
            append(current, single(Item.HEADER, header));
        }
        append(current, block);
    }

    private void append(FileChannel current, ByteBuffer block) throws IOException {
        try {
            while (block.hasRemaining()) {
                current.write(block);
            }
            written = current.position();
        } catch (IOException e) {
            // Half a block would only be in the way of a reader.
            try {
                current.truncate(written).position(written);
            } catch (IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    private static ByteBuffer single(Item item, byte[] content) {
        ByteBuffer block = ByteBuffer.allocate(Block.HEADER_SIZE + Block.ITEM_HEADER + content.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        Block.begin(block, Block.NO_RECORD);
        return Block.seal(Block.item(block, item, content.length).put(content));
    }

    /** Remembers it for the files to come. */
    void identity(byte[] content) throws IOException {
        if (folder != null) {
            identities.addLast(content);
            identitiesSize += content.length;
            while (identitiesSize > IDENTITIES) {
                identitiesSize -= identities.removeFirst().length;
            }
        }
        write(single(Item.IDENTITY, content));
    }

    // ---- the ring ----

    private FileChannel nextSegment() throws IOException {
        Path home = folder();
        closeFile();
        while (segments.size() >= SEGMENTS) {
            Files.deleteIfExists(segments.removeFirst());
            earlier = Math.max(0, earlier - 1);
        }
        Path path = home.resolve(SEGMENT + stamp() + SUFFIX);
        FileChannel next = create(path);
        file = next;
        segments.addLast(path);
        written = 0;
        repeated = 0;
        append(next, single(Item.HEADER, header));
        for (byte[] identity : identities) {
            append(next, single(Item.IDENTITY, identity));
        }
        return next;
    }

    /** A name after all those before it: the time, and where that is not later, a little more. */
    private String stamp() {
        named = Math.max(named + 1, Instant.now().toEpochMilli());
        return Instant.ofEpochMilli(named)
                .truncatedTo(ChronoUnit.MILLIS)
                .toString()
                .replace(':', '-');
    }

    /**
     * Copies this run's part of the ring to a file beside it.
     *
     * @return false if there is no ring
     */
    boolean snapshot(String reason) throws IOException {
        if (folder == null) {
            return false;
        }
        List<Path> old = list(folder, SNAPSHOT);
        for (Path path : old.subList(0, Math.max(0, old.size() - SNAPSHOTS + 1))) {
            Files.deleteIfExists(path);
        }
        Path path = folder.resolve(SNAPSHOT + stamp() + "-" + reason + SUFFIX);
        Path unfinished = folder.resolve("unfinished");
        Files.deleteIfExists(unfinished);
        try (FileChannel to = create(unfinished)) {
            for (Path segment : segments.stream().skip(earlier).toList()) {
                copy(segment, to);
            }
            Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (IOException e) {
            Files.deleteIfExists(unfinished);
            throw e;
        }
    }

    private static void copy(Path segment, FileChannel to) throws IOException {
        try (FileChannel from = FileChannel.open(segment, StandardOpenOption.READ)) {
            long size = from.size();
            for (long at = 0; at < size; ) {
                at += from.transferTo(at, size - at, to);
            }
        }
    }

    private Path folder() {
        if (folder == null) {
            throw new IllegalStateException("there is one file only");
        }
        return folder;
    }

    private static FileChannel create(Path path) throws IOException {
        return FileChannel.open(path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWNER_ONLY);
    }

    /** Those of this kind, the oldest first. */
    private static List<Path> list(Path folder, String prefix) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return new ArrayList<>(all.filter(path -> {
                        String name = path.getFileName().toString();
                        return name.startsWith(prefix) && name.endsWith(SUFFIX);
                    })
                    .sorted()
                    .toList());
        }
    }

    /** The latest time that these have in their names, ms since the epoch. */
    private static long latest(Collection<Path> files) throws IOException {
        long latest = 0;
        for (Path file : files) {
            Matcher stamp = STAMP.matcher(file.getFileName().toString());
            try {
                if (stamp.find()) {
                    latest = Math.max(
                            latest,
                            Instant.parse(stamp.group(1) + ":" + stamp.group(2) + ":" + stamp.group(3))
                                    .toEpochMilli());
                }
            } catch (DateTimeParseException e) {
                throw new IOException(file + " has an impossible time in its name: move it away", e);
            }
        }
        return latest;
    }

    private void closeFile() throws IOException {
        FileChannel open = file;
        if (open != null) {
            file = null;
            open.close();
        }
    }

    void close() throws IOException {
        try {
            if (file != null && folder == null && written > 0) {
                append(file, single(Item.HEADER, header));
            }
            closeFile();
        } finally {
            if (lock != null) {
                lock.close();
            }
        }
    }
}
