package dev.aioscope.telemetry;

import io.opentelemetry.exporter.internal.RetryUtil;
import io.opentelemetry.exporter.sender.okhttp.internal.GrpcRequestBody;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.Compressor;
import io.opentelemetry.sdk.common.export.GrpcResponse;
import io.opentelemetry.sdk.common.export.GrpcSender;
import io.opentelemetry.sdk.common.export.GrpcSenderConfig;
import io.opentelemetry.sdk.common.export.GrpcStatusCode;
import io.opentelemetry.sdk.common.export.MessageWriter;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** OTLP over gRPC. A response that rejects items fails, see {@link RejectedExportException}. */
final class OtlpGrpcSender implements GrpcSender {
    /** A flag for compression and the length of the message. */
    private static final int PREFIX_BYTES = 5;

    private final OtlpClient client;
    private final String url;
    private final @Nullable Compressor compressor;

    OtlpGrpcSender(GrpcSenderConfig config) {
        boolean isPlain = config.getEndpoint().getScheme().equals("http");
        this.url =
                config.getEndpoint().resolve("/" + config.getFullMethodName()).toString();
        this.compressor = config.getCompressor();
        this.client = new OtlpClient(
                new OtlpClient.Settings(
                        config.getTimeout(),
                        config.getConnectTimeout(),
                        config.getRetryPolicy(),
                        config.getSslContext(),
                        config.getTrustManager()),
                isPlain,
                isPlain ? List.of(Protocol.H2_PRIOR_KNOWLEDGE) : List.of(Protocol.HTTP_2, Protocol.HTTP_1_1),
                config.getHeadersSupplier().get(),
                // A response that asks for a retry has no message, so its status is among the headers.
                response ->
                        RetryUtil.retryableGrpcStatusCodes().contains(String.valueOf(response.header("grpc-status"))));
    }

    @Override
    public void send(MessageWriter message, Consumer<GrpcResponse> onResponse, Consumer<Throwable> onError) {
        Request.Builder request = new Request.Builder().url(url).header("te", "trailers");
        if (compressor != null) {
            request.header("grpc-encoding", compressor.getEncoding());
        }
        client.send(
                request,
                new GrpcRequestBody(message, compressor),
                response -> onResponse.accept(read(response)),
                onError);
    }

    private static GrpcResponse read(Response response) throws IOException {
        byte[] body = OtlpResponse.body(response);
        String status = field(response, "grpc-status");
        if (status == null) {
            OtlpResponse.check(response, new byte[0]);
            throw new RejectedExportException("no gRPC status (HTTP status code " + response.code() + ")");
        }
        byte[] message = Arrays.copyOfRange(body, Math.min(PREFIX_BYTES, body.length), body.length);
        if (status.equals("0")) {
            OtlpResponse.check(response, message);
        }
        String text = field(response, "grpc-message");
        return new GrpcAnswer(status, text == null ? response.message() : decode(text), message);
    }

    /** A field among the trailers, or among the headers if there is no message. The body must have been read. */
    private static @Nullable String field(Response response, String name) throws IOException {
        String value = response.header(name);
        return value == null ? response.trailers().get(name) : value;
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }

    @Override
    public CompletableResultCode shutdown() {
        return client.shutdown();
    }

    private static final class GrpcAnswer implements GrpcResponse {
        private final String status;
        private final String description;
        private final byte[] message;

        GrpcAnswer(String status, String description, byte[] message) {
            this.status = status;
            this.description = description;
            this.message = message;
        }

        @Override
        public GrpcStatusCode getStatusCode() {
            return status.matches("\\d{1,9}")
                    ? GrpcStatusCode.fromValue(Integer.parseInt(status))
                    : GrpcStatusCode.UNKNOWN;
        }

        @Override
        public String getStatusDescription() {
            return description;
        }

        @Override
        public byte[] getResponseMessage() {
            return message;
        }
    }
}
