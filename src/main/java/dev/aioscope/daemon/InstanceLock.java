package dev.aioscope.daemon;

import dev.aioscope.kernel.Host;
import dev.aioscope.probe.ProbeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
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

    /** The field of /proc/locks with the file, after number, POSIX, ADVISORY, WRITE and PID. */
    private static final int LOCK_FILE = 5;

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
                throw held(file, holder);
            }
            opened.truncate(0);
            opened.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
            return new InstanceLock(opened);
        } catch (AccessDeniedException e) {
            // The file belongs to a daemon of another user, such as that of the unit beside one in a pod.
            holder(file).ifPresent(holder -> {
                throw held(file, holder);
            });
            LOG.warn("cannot lock {}: permission denied; no daemon holds it now", file);
            return new InstanceLock(null);
        } catch (IOException e) {
            LOG.warn("cannot check for another daemon on this host: {}", e.toString());
            return new InstanceLock(opened);
        }
    }

    private static ProbeException held(Path file, String holder) {
        return new ProbeException(
                "cannot start a second daemon on this host: pid " + holder + " holds " + file,
                "stop it first: systemctl stop aioscope, kubectl delete its DaemonSet, or kill " + holder);
    }

    /** The PID of the process that has locked the file, which need not be readable; empty if there is none. */
    static Optional<String> holder(Path file) {
        try {
            long device = (Long) Files.getAttribute(file, "unix:dev");
            String id = "%02x:%02x:%s"
                    .formatted(
                            (device >>> 8 & 0xfff) | (device >>> 32 & ~0xfffL),
                            (device & 0xff) | (device >>> 12 & 0xffffff00L),
                            Files.getAttribute(file, "unix:ino"));
            return Host.read("/proc/locks").stream()
                    .flatMap(String::lines)
                    .map(line -> line.split("\\s+", -1))
                    .filter(fields -> fields.length > LOCK_FILE && fields[LOCK_FILE].equals(id))
                    .map(fields -> fields[LOCK_FILE - 1])
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
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
