package dev.aioscope.recording;

import dev.aioscope.event.EventLayout;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A file that was recorded, read through once: what holds for all of it, and what of it is lost. */
public final class Recording {
    /** As many settings of the real-time clock are remembered; {@link WallClock} keeps no more. */
    private static final int MOST_MAPPINGS = 16;

    /** From this CLOCK_BOOTTIME on the time since the epoch is so much more, ns. */
    private record Mapping(long from, long offset) {
        Instant at(long boottime) {
            long epoch = boottime + offset;
            return Instant.ofEpochSecond(epoch / 1_000_000_000L, epoch % 1_000_000_000L);
        }
    }

    private final Path file;
    private final Header header;
    private final long began;
    private final long ended;
    private final List<Mapping> mappings;
    private final List<String> losses;

    private Recording(Path file, Header header, long began, long ended, List<Mapping> mappings, List<String> losses) {
        this.file = file;
        this.header = header;
        this.began = began;
        this.ended = ended;
        this.mappings = List.copyOf(mappings);
        this.losses = List.copyOf(losses);
    }

    /**
     * Reads a file through.
     *
     * @throws IOException if it cannot be read, or is no recording that this version can tell again: the message says why
     */
    public static Recording open(Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new IOException(file + " is no file that can be read twice: save the recording in one");
        }
        Header header = null;
        long began = 0;
        long ended = 0;
        List<Mapping> mappings = new ArrayList<>();
        try (Blocks blocks = new Blocks(channel(file))) {
            boolean isSame = true;
            for (Item item = blocks.next(); item != null && isSame; item = blocks.next()) {
                switch (item) {
                    case HEADER -> {
                        Header found = Header.parse(blocks.copy()).orElse(header);
                        isSame = header == null || header.equals(found);
                        header = header == null ? found : header;
                    }
                    case TIME -> {
                        began = began == 0 ? blocks.number(0) : began;
                        ended = Math.max(ended, blocks.number(0));
                    }
                    case CLOCK -> add(mappings, new Mapping(blocks.number(0), blocks.number(1)));
                    default -> {}
                }
            }
            if (header == null) {
                throw new IOException(
                        blocks.otherVersions() > 0
                                ? file + " was recorded by another version of aioscope: replay it with that one"
                                : file + " is no recording of aioscope, or nothing of it can be read");
            }
            if (header.layout() != EventLayout.VERSION) {
                throw new IOException(
                        file + " holds records of layout " + header.layout() + ", and this aioscope reads "
                                + EventLayout.VERSION + ": replay it with the aioscope that recorded it");
            }
            return new Recording(file, header, began, ended, mappings, losses(blocks, isSame));
        }
    }

    private static void add(List<Mapping> mappings, Mapping mapping) {
        Mapping last = mappings.isEmpty() ? null : mappings.get(mappings.size() - 1);
        if (last == null || mapping.from > last.from) {
            mappings.add(mapping);
            if (mappings.size() > MOST_MAPPINGS) {
                mappings.remove(0);
            }
        }
    }

    private static List<String> losses(Blocks blocks, boolean isSame) {
        List<String> losses = new ArrayList<>();
        IOException failure = blocks.failure();
        if (failure != null) {
            losses.add("it can be read in part only: " + failure.getMessage());
        }
        if (blocks.unreadable() > 0) {
            losses.add(blocks.unreadable() + " bytes are damaged or cut off");
        }
        if (blocks.lost() > 0) {
            losses.add(blocks.lost() + " records are missing between others");
        }
        if (blocks.otherVersions() > 0) {
            losses.add(blocks.otherVersions() + " blocks were written by another version of aioscope");
        }
        if (!isSame) {
            losses.add("the recording of another run that follows in it is left out");
        }
        return losses;
    }

    static SeekableByteChannel channel(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    Path file() {
        return file;
    }

    Header header() {
        return header;
    }

    /** Which records there can be. */
    public Tier tier() {
        return header.tier();
    }

    /** The host that was looked at. */
    public HostInfo host() {
        return header.host();
    }

    /** When it begins, CLOCK_BOOTTIME ns. */
    public long began() {
        return began;
    }

    /** When it ends, CLOCK_BOOTTIME ns. */
    public long ended() {
        return ended;
    }

    /** The clocks of the host, as they were set then; where that is lost, the time since its start stands for all time. */
    public WallClock clock() {
        Mapping first = mappings.isEmpty() ? new Mapping(began, 0) : mappings.get(0);
        WallClock clock = new WallClock(() -> began, () -> first.at(began));
        mappings.forEach(mapping -> clock.sample(mapping.from, mapping.from + mapping.offset));
        return clock;
    }

    /** What cannot be told again, each a sentence without its full stop; empty if that is nothing. */
    public List<String> losses() {
        return losses;
    }

    /**
     * Who the processes in it were.
     *
     * @param hidesArguments whether of command lines only the program is told
     */
    public Processes processes(boolean hidesArguments) {
        Processes processes = Processes.fromRecording(hidesArguments);
        try (Blocks blocks = new Blocks(channel(file))) {
            for (Item item = blocks.next(); item != null; item = blocks.next()) {
                if (item == Item.IDENTITY) {
                    IdentityItem.parse(ByteBuffer.wrap(blocks.copy())
                                    .order(blocks.bytes().order()))
                            .ifPresent(found ->
                                    processes.remember(found.pid(), found.start(), found.mm(), found.identity()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return processes;
    }

    /**
     * Tells it again, from its beginning.
     *
     * @param speed how many times faster than it happened; null for as fast as can be
     * @param lingers whether it is never over, for one who looks at its end
     */
    public RecordedProbes replay(@Nullable Double speed, boolean lingers) throws IOException {
        return new RecordedProbes(this, Optional.ofNullable(speed), lingers);
    }
}
