package dev.aioscope.http;

import dev.aioscope.http.WebServer.Page;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;

/** Whatever a client sends, the next one is served. */
public final class HttpFuzz {
    private static final WebServer SERVER = new WebServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            null,
            null,
            Set.of(),
            Map.of("/", accept -> Page.text(200, accept)));
    private static final int PORT = URI.create(SERVER.url()).getPort();

    private HttpFuzz() {}

    /** What Jazzer calls. */
    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        send(bytes);
        String answer = send("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        if (!answer.startsWith("HTTP/1.1 200 OK\r\n")) {
            throw new IllegalStateException("the next client got: " + answer);
        }
    }

    private static String send(byte[] bytes) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), PORT)) {
            // Rather reset than kept: thousands of closed connections would use up all ports.
            socket.setSoLinger(true, 0);
            socket.setSoTimeout(10_000);
            try {
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            } catch (IOException e) {
                return "nothing: " + e;
            }
        }
    }
}
