package dev.aioscope.daemon;

import dev.aioscope.probe.ProbeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ensures that one daemon runs on the host: a second one would cost the same again and report the same. The kernel releases
 * the lock however the daemon ends; the file remains, with the pid of its last owner.
 */
public final class InstanceLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InstanceLock.class);
    private static final Path DIRECTORY = Path.of("/run/aioscope");

    private final @Nullable FileChannel channel;

    private InstanceLock(@Nullable FileChannel channel) {
        this.channel = channel;
    }

    /** The directory of the lock: the one that systemd made for this service, or the default. */
    public static Path directory(Map<String, String> environment) {
        String given = environment.getOrDefault("RUNTIME_DIRECTORY", "");
        return given.isEmpty() ? DIRECTORY : Path.of(given.split(":", 2)[0]);
    }

    /**
     * Takes the lock. If the directory is not writable, as for users other than root, there is no lock, which is logged.
     *
     * @throws ProbeException if another daemon holds it
     */
    @SuppressWarnings("MustBeClosedChecker") // close() closes the channel.
    public static InstanceLock take(Path directory) {
        Path file = directory.resolve("lock");
        FileChannel opened = null;
        try {
            Files.createDirectories(directory);
            opened = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = opened.tryLock();
            if (lock == null) {
                String holder = Files.readString(file).strip();
                opened.close();
                throw new ProbeException(
                        "cannot start a second daemon on this host: pid " + holder + " holds " + file,
                        "stop it first: systemctl stop aioscope, or kill " + holder);
            }
            opened.truncate(0);
            opened.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
            return new InstanceLock(opened);
        } catch (IOException e) {
            LOG.warn("cannot check for another daemon on this host: {}", e.toString());
            return new InstanceLock(opened);
        }
    }

    /** Releases the lock. */
    @Override
    public void close() {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                LOG.warn("cannot release the lock: {}", e.toString());
            }
        }
    }
}
