package dev.aioscope.telemetry;

import io.opentelemetry.exporter.internal.marshal.CodedInputStream;
import java.io.IOException;
import java.util.Set;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Response;
import okio.Buffer;
import okio.BufferedSource;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What a back end responds to a request of OTLP. A response with a success status can still reject items, or come from a
 * server that knows nothing of OTLP, such as a login page.
 */
final class OtlpResponse {
    /** A response has a few bytes; only an error message can make it longer. */
    private static final int MAX_BYTES = 1 << 16;

    private static final Set<String> PROTOBUF = Set.of("x-protobuf", "protobuf", "octet-stream", "grpc");

    // Field numbers and wire types of ExportTraceServiceResponse and of its twins for metrics and logs. No tag occurs
    // on both
    // levels.
    private static final int PARTIAL_SUCCESS = 1 << 3 | 2;
    private static final int REJECTED = 1 << 3;
    private static final int ERROR_MESSAGE = 2 << 3 | 2;

    private OtlpResponse() {}

    /** Fails for a response that points to another URL. */
    static void rejectRedirect(Response response) throws RejectedExportException {
        String location = response.header("Location");
        if (response.isRedirect() && location != null) {
            throw new RejectedExportException("redirected to "
                    + target(response.request().url(), location) + " (HTTP status code " + response.code() + ")");
        }
    }

    /** The user, the password and the query of a URL can be secrets. */
    private static String target(HttpUrl base, String location) {
        HttpUrl target = base.resolve(location);
        return target == null
                ? "an unsupported URL"
                : target.newBuilder()
                        .username("")
                        .password("")
                        .query(null)
                        .fragment(null)
                        .build()
                        .toString();
    }

    /** The body, or its beginning if it is longer than any response of OTLP. */
    static byte[] body(Response response) throws IOException {
        BufferedSource source = response.body().source();
        source.request(MAX_BYTES);
        Buffer beginning = source.getBuffer();
        return beginning.readByteArray(Math.min(beginning.size(), MAX_BYTES));
    }

    /** Fails if the body of a successful response rejects items, contains a warning, or is not of OTLP. */
    static void check(Response response, byte[] body) throws RejectedExportException {
        MediaType type = response.body().contentType();
        // A suffix names the encoding in the message: application/grpc+proto.
        String subtype = type == null ? "protobuf" : type.subtype().replaceFirst("\\+.*", "");
        if (subtype.equals("json")) {
            readJson(body);
        } else if (PROTOBUF.contains(subtype)) {
            readProtobuf(body);
        } else {
            throw new RejectedExportException(
                    "answered " + type + " instead of OTLP (HTTP status code " + response.code() + ")");
        }
    }

    private static void readProtobuf(byte[] message) throws RejectedExportException {
        long rejected = 0;
        String reason = "";
        try {
            CodedInputStream in = CodedInputStream.newInstance(message);
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                switch (tag) {
                    case PARTIAL_SUCCESS -> in.readRawVarint32(); // the length of what follows
                    case REJECTED -> rejected = Integer.toUnsignedLong(in.readRawVarint32());
                    case ERROR_MESSAGE -> reason = in.readStringRequireUtf8();
                    default -> {
                        if (!in.skipField(tag)) {
                            throw new IOException("unexpected end of a group");
                        }
                    }
                }
            }
        } catch (IOException e) {
            throw new RejectedExportException("the response is not OTLP: " + e.getMessage());
        }
        report(rejected, reason);
    }

    /** Some back ends respond in JSON even to protobuf. */
    private static void readJson(byte[] message) throws RejectedExportException {
        long rejected = 0;
        String reason = "";
        try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), message)) {
            for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
                switch (token.isScalarValue() ? String.valueOf(json.currentName()) : "") {
                    // 64-bit numbers are strings in the JSON of protobuf.
                    case "rejectedSpans", "rejectedDataPoints", "rejectedLogRecords" ->
                        rejected = json.getValueAsLong();
                    case "errorMessage" -> reason = json.getValueAsString("");
                    default -> {}
                }
            }
        } catch (JacksonException e) {
            throw new RejectedExportException("the response is not OTLP: invalid JSON");
        }
        report(rejected, reason);
    }

    private static void report(long rejected, String reason) throws RejectedExportException {
        if (rejected != 0) {
            throw new RejectedExportException(
                    "the back end rejected " + rejected + (reason.isBlank() ? "" : ": " + reason), rejected);
        }
        if (!reason.isBlank()) {
            throw new RejectedExportException(reason, 0);
        }
    }
}
