package dev.aioscope.kernel;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What systemd has at the other end of {@code NOTIFY_SOCKET}. */
public final class NotifySocket implements AutoCloseable {
    /** The calls that only this end needs. */
    public interface C extends Library {
        int bind(int fd, byte[] address, int length);

        long recv(int fd, byte[] buffer, long length, int flags);
    }

    private static final C LIBRARY = Native.load("c", C.class);

    private final int fd;
    private final List<String> received = new ArrayList<>();

    /** At a path, or for {@code @name} in the abstract namespace. */
    public NotifySocket(String name) {
        fd = Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = name.startsWith("@");
        if (isAbstract) {
            path[0] = 0;
        }
        byte[] address = ByteBuffer.allocate(2 + path.length + (isAbstract ? 0 : 1))
                .order(ByteOrder.nativeOrder())
                .putShort((short) Libc.AF_UNIX)
                .put(path)
                .array();
        if (LIBRARY.bind(fd, address, address.length) != 0) {
            throw new IllegalStateException("bind: errno " + Native.getLastError());
        }
    }

    /** Everything that has come so far, oldest first. */
    public List<String> received() {
        byte[] buffer = new byte[4096];
        long length;
        while ((length = LIBRARY.recv(fd, buffer, buffer.length, Libc.MSG_DONTWAIT)) >= 0) {
            received.add(new String(buffer, 0, (int) length, StandardCharsets.UTF_8));
        }
        return List.copyOf(received);
    }

    /** Waits until a message that begins so has come that many times. */
    public void await(String beginning, int times) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (received().stream()
                        .filter(message -> message.startsWith(beginning))
                        .count()
                < times) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(beginning + " has not come " + times + " times: " + received);
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
