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
 * Sees to it that one daemon watches the host: a second one would cost as much again and see the same. The kernel takes the
 * lock back however the daemon ends; its file stays, with the pid of the last one that had it.
 */
public final class InstanceLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InstanceLock.class);
    private static final Path FOLDER = Path.of("/run/aioscope");

    private final @Nullable FileChannel channel;

    private InstanceLock(@Nullable FileChannel channel) {
        this.channel = channel;
    }

    /** The folder for the lock: the one that systemd has made for this service, or the usual one. */
    public static Path folder(Map<String, String> environment) {
        String given = environment.getOrDefault("RUNTIME_DIRECTORY", "");
        return given.isEmpty() ? FOLDER : Path.of(given.split(":", 2)[0]);
    }

    /**
     * Becomes the one; where the folder cannot be written to, as by a user who is not root, nobody is kept away.
     *
     * @throws ProbeException if there is one already
     */
    @SuppressWarnings("MustBeClosedChecker") // close() does it.
    public static InstanceLock take(Path folder) {
        Path file = folder.resolve("lock");
        FileChannel opened = null;
        try {
            Files.createDirectories(folder);
            opened = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = opened.tryLock();
            if (lock == null) {
                String holder = Files.readString(file).strip();
                opened.close();
                throw new ProbeException(
                        "another aioscope run, pid " + holder + ", watches this host already (" + file + ")",
                        "end that one: systemctl stop aioscope, or kill " + holder);
            }
            opened.truncate(0);
            opened.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
            return new InstanceLock(opened);
        } catch (IOException e) {
            LOG.warn("Whether another aioscope run watches this host cannot be told: {}", e.toString());
            return new InstanceLock(opened);
        }
    }

    /** Lets another one begin. */
    @Override
    public void close() {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                LOG.warn("The lock could not be given back: {}", e.toString());
            }
        }
    }
}
