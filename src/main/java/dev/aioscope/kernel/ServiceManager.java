package dev.aioscope.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notifies systemd (sd_notify(3)): each message is a datagram to the socket in the variable {@code NOTIFY_SOCKET}. Without
 * that variable it sends nothing. Thread-safe; never blocks.
 */
public final class ServiceManager implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
    private static final int MAX_PATH = 108;
    private static final Duration NEVER = ChronoUnit.YEARS.getDuration();

    private final byte @Nullable [] address;
    private final boolean isWatching;
    private final Duration pulse;
    private int socket = -1;
    private String lastStatus = "";
    private boolean isFailureLogged;

    /** Reads the variables that systemd sets. */
    public ServiceManager(Map<String, String> environment) {
        address = address(environment.getOrDefault("NOTIFY_SOCKET", ""));
        String watched = environment.getOrDefault("WATCHDOG_PID", "");
        boolean isWatched = watched.isEmpty()
                || watched.equals(Long.toString(ProcessHandle.current().pid()));
        pulse = isWatched ? pulse(environment.getOrDefault("WATCHDOG_USEC", "")) : NEVER;
        isWatching = !pulse.equals(NEVER);
        if (address != null) {
            socket = Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        }
    }

    /**
     * Half of systemd's watchdog timeout, as sd_watchdog_enabled(3) recommends. A text that is not a positive number is
     * no timeout, as there, and neither is one of years.
     */
    private static Duration pulse(String micros) {
        Duration half = micros.matches("\\d{1,18}")
                ? Duration.of(Long.parseLong(micros), ChronoUnit.MICROS).dividedBy(2)
                : Duration.ZERO;
        return half.isZero() || half.compareTo(NEVER) > 0 ? NEVER : half;
    }

    /** A struct sockaddr_un with a path, or with a name in the abstract namespace after a 0; null for neither. */
    private static byte @Nullable [] address(String socket) {
        byte[] path = socket.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = socket.startsWith("@");
        if ((!isAbstract && !socket.startsWith("/")) || path.length >= MAX_PATH) {
            return null;
        }
        if (isAbstract) {
            path[0] = 0;
        }
        return ByteBuffer.allocate(2 + path.length + (isAbstract ? 0 : 1))
                .order(ByteOrder.nativeOrder())
                .putShort((short) Libc.AF_UNIX)
                .put(path)
                .array();
    }

    /** Reports that the start or the reload is complete. */
    public void ready() {
        send("READY=1");
    }

    /** Reports the beginning of a reload; {@link #ready} follows. */
    public void reloading() {
        // Type=notify-reload requires the time on this clock.
        long[] now = new long[2];
        Libc.clock_gettime(Libc.CLOCK_MONOTONIC, now);
        send("RELOADING=1\nMONOTONIC_USEC=" + (now[0] * 1_000_000 + now[1] / 1000));
    }

    /** Reports the beginning of the shutdown. */
    public void stopping() {
        send("STOPPING=1");
    }

    /** Sets the line that {@code systemctl status} shows. */
    public synchronized void status(String text) {
        if (!text.equals(lastStatus)) {
            lastStatus = text;
            send("STATUS=" + text);
        }
    }

    /** The longest interval between calls of {@link #alive}. */
    public Duration pulse() {
        return pulse;
    }

    /** Reports progress to systemd's watchdog, which restarts a process that reports none in time. */
    public void alive() {
        if (isWatching) {
            send("WATCHDOG=1");
        }
    }

    private synchronized void send(String message) {
        if (address == null || socket < 0) {
            return;
        }
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        long sent = Libc.sendto(
                socket, bytes, bytes.length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL, address, address.length);
        if (sent < 0 && !isFailureLogged) {
            isFailureLogged = true;
            LOG.warn("cannot notify systemd: {}", Errno.describe(Libc.errno()));
        }
    }

    @Override
    public synchronized void close() {
        if (socket >= 0) {
            Libc.close(socket);
            socket = -1;
        }
    }
}
