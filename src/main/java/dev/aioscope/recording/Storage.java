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
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The file of a recording, or the files of a ring: each file is a complete recording, and a new one replaces the oldest.
 * Only the owner can read the files, as command lines may contain secrets. After {@link #begin} one thread uses it.
 */
public final class Storage {
    /** The number of files of a ring. */
    private static final int SEGMENTS = 8;

    /** The number of snapshots to keep; a new one replaces the oldest. */
    public static final int SNAPSHOTS = 4;

    /** Repeats the header after this many bytes. */
    private static final long REPEATED = 1 << 20;

    /** The maximum size of identities at the beginning of each file of a ring, bytes. */
    private static final int IDENTITIES = 1 << 18;

    private static final String SUFFIX = ".aioscope";
    private static final String SEGMENT = "ring-";
    /** The time from {@link #stamp} in three parts, between which dashes replace colons. */
    private static final Pattern STAMP = Pattern.compile("(\\d{4}-\\d\\d-\\d\\dT\\d\\d)-(\\d\\d)-(\\d\\d[.0-9]*Z)");

    private static final DateTimeFormatter MILLISECONDS =
            new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

    private static final String SNAPSHOT = "snapshot-";
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /** Null for a single file. */
    private final @Nullable Path directory;

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

    private Storage(@Nullable Path directory, long segmentSize, @Nullable FileChannel lock) {
        this.directory = directory;
        this.segmentSize = segmentSize;
        this.lock = lock;
    }

    /**
     * Creates a single file.
     *
     * @throws java.nio.file.FileAlreadyExistsException if it exists
     */
    public static Storage file(Path path) throws IOException {
        return to(create(path));
    }

    /** Uses an open file. */
    static Storage to(FileChannel file) {
        Storage storage = new Storage(null, Long.MAX_VALUE, null);
        storage.file = file;
        return storage;
    }

    /**
     * Opens a ring of files.
     *
     * @param directory created if missing; files of an earlier run count as the oldest part of the ring
     * @param size of all files, bytes
     * @throws IOException if it is not writable, or another process uses it
     */
    public static Storage ring(Path directory, long size) throws IOException {
        Files.createDirectories(directory);
        FileChannel lock =
                FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock held = lock.tryLock();
            if (held == null) {
                throw new IOException("cannot record to " + directory + ": another aioscope uses it");
            }
            Storage storage = new Storage(directory, size / SEGMENTS, lock);
            storage.segments.addAll(list(directory, SEGMENT));
            storage.earlier = storage.segments.size();
            // The clock may have been set back since then.
            storage.named = Math.max(latest(storage.segments), latest(list(directory, SNAPSHOT)));
            return storage;
        } catch (IOException | OverlappingFileLockException e) {
            lock.close();
            throw e instanceof IOException failure
                    ? failure
                    : new IOException("cannot record to " + directory + ": it is already in use");
        }
    }

    /** Sets the header, before the first block. */
    void begin(byte[] newHeader) {
        header = newHeader;
    }

    /** Appends a block completely, or not at all. */
    void write(ByteBuffer block) throws IOException {
        FileChannel current = file;
        if (current == null || (directory != null && written + block.remaining() > segmentSize)) {
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
            // Remove the partial block.
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

    /** Writes an identity and repeats it in later files. */
    void identity(byte[] content) throws IOException {
        if (directory != null) {
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
        Path home = directory();
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

    /** A time for a file name, later than all earlier ones: the current time, or 1 ms after the last one. */
    private String stamp() {
        named = Math.max(named + 1, Instant.now().toEpochMilli());
        return stamp(Instant.ofEpochMilli(named));
    }

    /** Names of files are compared, so all stamps have milliseconds, also those of a whole second. */
    static String stamp(Instant time) {
        return MILLISECONDS.format(time).replace(':', '-');
    }

    /**
     * Copies this run's part of the ring to a new file in the same directory.
     *
     * @return false without a ring
     */
    boolean snapshot(String reason) throws IOException {
        if (directory == null) {
            return false;
        }
        List<Path> old = list(directory, SNAPSHOT);
        for (Path path : old.subList(0, Math.max(0, old.size() - SNAPSHOTS + 1))) {
            Files.deleteIfExists(path);
        }
        Path path = directory.resolve(SNAPSHOT + stamp() + "-" + reason + SUFFIX);
        Path unfinished = directory.resolve("unfinished");
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

    private Path directory() {
        if (directory == null) {
            throw new IllegalStateException("not a ring");
        }
        return directory;
    }

    private static FileChannel create(Path path) throws IOException {
        return FileChannel.open(path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWNER_ONLY);
    }

    /** The files with this prefix, oldest first. */
    private static List<Path> list(Path directory, String prefix) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return new ArrayList<>(all.filter(path -> {
                        String name = path.getFileName().toString();
                        return name.startsWith(prefix) && name.endsWith(SUFFIX);
                    })
                    .sorted()
                    .toList());
        }
    }

    /** The latest snapshot of the ring in this directory; empty if there is none. */
    public static Optional<Path> latestSnapshot(Path directory) throws IOException {
        List<Path> snapshots = Files.notExists(directory) ? List.of() : list(directory, SNAPSHOT);
        return snapshots.isEmpty() ? Optional.empty() : Optional.of(snapshots.get(snapshots.size() - 1));
    }

    /** The latest time in these names, ms since the epoch. */
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
                throw new IOException("cannot use " + file + ": invalid time in its name (hint: move it away)", e);
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
            if (file != null && directory == null && written > 0) {
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
