package dev.aioscope.recording;

import dev.aioscope.event.EventLayout;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.Units;
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

/** A recording in a file: its header, times, clocks and losses, from one pass over the file. Immutable. */
public final class Recording {
    /** Offsets of the real-time clock to keep; {@link WallClock} keeps no more. */
    private static final int MAX_MAPPINGS = 16;

    /** The offset to time since the epoch from this CLOCK_BOOTTIME on, ns. */
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
     * Reads a file.
     *
     * @throws IOException with the reason, if it is unreadable or not a recording that this version can replay
     */
    public static Recording open(Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new IOException("cannot read " + file + " twice (hint: save the recording to a regular file)");
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
                                ? "cannot read " + file
                                        + ": recorded by another version of aioscope (hint: replay it with that version)"
                                : "cannot read " + file + ": not a recording of aioscope, or damaged");
            }
            if (header.layout() != EventLayout.VERSION) {
                throw new IOException(
                        "cannot read " + file + ": it has layout " + header.layout() + ", this aioscope reads layout "
                                + EventLayout.VERSION + " (hint: replay it with the aioscope that recorded it)");
            }
            return new Recording(file, header, began, ended, mappings, losses(blocks, isSame));
        }
    }

    private static void add(List<Mapping> mappings, Mapping mapping) {
        Mapping last = mappings.isEmpty() ? null : mappings.get(mappings.size() - 1);
        if (last == null || mapping.from > last.from) {
            mappings.add(mapping);
            if (mappings.size() > MAX_MAPPINGS) {
                mappings.remove(0);
            }
        }
    }

    private static List<String> losses(Blocks blocks, boolean isSame) {
        List<String> losses = new ArrayList<>();
        IOException failure = blocks.failure();
        if (failure != null) {
            losses.add("cannot read it to the end: " + failure.getMessage());
        }
        if (blocks.unreadable() > 0) {
            losses.add(blocks.unreadable() + " bytes are damaged or truncated");
        }
        if (blocks.lost() > 0) {
            losses.add(blocks.lost() + " records are missing");
        }
        if (blocks.otherVersions() > 0) {
            losses.add(blocks.otherVersions() + " blocks are from another version of aioscope");
        }
        if (!isSame) {
            losses.add("the replay stops at the recording of another run");
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

    /** The tier of the recorded probes. */
    public Tier tier() {
        return header.tier();
    }

    /** The recorded host. */
    public HostInfo host() {
        return header.host();
    }

    /** Its beginning, CLOCK_BOOTTIME ns. */
    public long began() {
        return began;
    }

    /** Its end, CLOCK_BOOTTIME ns. */
    public long ended() {
        return ended;
    }

    /** The clocks of the host at that time; without recorded offsets, times count from the start of the host. */
    public WallClock clock() {
        Mapping first = mappings.isEmpty() ? new Mapping(began, 0) : mappings.get(0);
        WallClock clock = new WallClock(() -> began, () -> first.at(began));
        mappings.forEach(mapping -> clock.sample(mapping.from, mapping.from + mapping.offset));
        return clock;
    }

    /** Where, when and how it was recorded, for people. */
    public String description() {
        long start = clock().epochNanos(began);
        return "Recorded on " + host().name() + ", Linux " + host().release() + ", tier " + tier().label() + ", from "
                + Instant.ofEpochSecond(start / 1_000_000_000L) + ", for " + Units.duration(ended - began);
    }

    /** What a replay lacks, each a sentence without its full stop; empty if it is complete. */
    public List<String> losses() {
        return losses;
    }

    /**
     * The identities of the recorded processes.
     *
     * @param hidesArguments whether to show only the executables of command lines
     */
    public Processes processes(boolean hidesArguments) {
        Processes processes = Processes.fromRecording(hidesArguments);
        try (Blocks blocks = new Blocks(channel(file))) {
            for (Item item = blocks.next(); item != null; item = blocks.next()) {
                if (item == Item.IDENTITY) {
                    IdentityItem.parse(ByteBuffer.wrap(blocks.copy())
                                    .order(blocks.bytes().order()))
                            .ifPresent(found -> processes.remember(found.process(), found.identity()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return processes;
    }

    /**
     * Replays it from its beginning.
     *
     * @param speed a multiple of the original speed; null for the maximum
     * @param lingers whether the replay stays open at its end
     */
    public RecordedProbes replay(@Nullable Double speed, boolean lingers) throws IOException {
        return new RecordedProbes(this, Optional.ofNullable(speed), lingers);
    }
}
