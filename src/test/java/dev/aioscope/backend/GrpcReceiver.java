package dev.aioscope.backend;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/** Gives the same response to each request over HTTP/2 without TLS. It speaks only as much HTTP/2 as one client needs. */
public final class GrpcReceiver implements AutoCloseable {
    private static final int PREFACE_BYTES = 24;
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;

    private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final AtomicInteger requests = new AtomicInteger();
    private final byte[] head;
    private final byte[] body;
    private final byte[] trailers;

    private GrpcReceiver(byte[] head, byte[] body, byte[] trailers) throws IOException {
        this.head = head;
        this.body = body;
        this.trailers = trailers;
        Thread thread = new Thread(this::serve, "grpc-receiver");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Starts a receiver on a free loopback port.
     *
     * @param location where to redirect to; used only if the status of HTTP is a redirect
     * @param grpcStatus null for a server without gRPC
     */
    public static GrpcReceiver answering(
            String status, String contentType, String location, byte[] message, String grpcStatus) throws IOException {
        ByteArrayOutputStream framed = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(framed);
        out.writeByte(0);
        out.writeInt(message.length);
        out.write(message);
        return new GrpcReceiver(
                fields(":status", status, "content-type", contentType, "location", location),
                framed.toByteArray(),
                grpcStatus == null ? fields("x", "y") : fields("grpc-status", grpcStatus));
    }

    /** Literal fields of HPACK that are not indexed. */
    private static byte[] fields(String... namesAndValues) throws IOException {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        for (int i = 0; i < namesAndValues.length; i++) {
            if (i % 2 == 0) {
                block.write(0);
            }
            block.write(namesAndValues[i].length());
            block.write(namesAndValues[i].getBytes(US_ASCII));
        }
        return block.toByteArray();
    }

    /** The value of {@code OTEL_EXPORTER_OTLP_ENDPOINT}. */
    public String endpoint() {
        return "http://127.0.0.1:" + socket.getLocalPort();
    }

    /** The number of requests so far. */
    public int requests() {
        return requests.get();
    }

    private void serve() {
        while (!socket.isClosed()) {
            try (Socket client = socket.accept()) {
                serve(new DataInputStream(client.getInputStream()), new DataOutputStream(client.getOutputStream()));
            } catch (IOException e) {
                // The client or the test has ended.
            }
        }
    }

    private void serve(DataInputStream in, DataOutputStream out) throws IOException {
        in.readNBytes(PREFACE_BYTES);
        frame(out, SETTINGS, 0, 0, new byte[0]);
        while (true) {
            int length = in.readUnsignedShort() << 8 | in.readUnsignedByte();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            in.readNBytes(length);
            if (type == SETTINGS && (flags & ACK) == 0) {
                frame(out, SETTINGS, ACK, 0, new byte[0]);
            } else if ((type == DATA || type == HEADERS) && (flags & END_STREAM) != 0) {
                requests.incrementAndGet();
                frame(out, HEADERS, END_HEADERS, stream, head);
                frame(out, DATA, 0, stream, body);
                frame(out, HEADERS, END_HEADERS | END_STREAM, stream, trailers);
            }
        }
    }

    private static void frame(DataOutputStream out, int type, int flags, int stream, byte[] content)
            throws IOException {
        out.writeShort(content.length >> 8);
        out.writeByte(content.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(content);
        out.flush();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
