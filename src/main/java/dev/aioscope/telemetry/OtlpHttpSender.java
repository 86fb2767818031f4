package dev.aioscope.telemetry;

import io.opentelemetry.exporter.internal.RetryUtil;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.Compressor;
import io.opentelemetry.sdk.common.export.HttpResponse;
import io.opentelemetry.sdk.common.export.HttpSender;
import io.opentelemetry.sdk.common.export.HttpSenderConfig;
import io.opentelemetry.sdk.common.export.MessageWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.function.Consumer;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import okio.Okio;
import org.jspecify.annotations.Nullable;

/** OTLP over http/protobuf. A response that rejects items fails, see {@link RejectedExportException}. */
final class OtlpHttpSender implements HttpSender {
    private final OtlpClient client;
    private final HttpSenderConfig config;

    OtlpHttpSender(HttpSenderConfig config) {
        this.config = config;
        this.client = new OtlpClient(
                new OtlpClient.Settings(
                        config.getTimeout(),
                        config.getConnectTimeout(),
                        config.getRetryPolicy(),
                        config.getSslContext(),
                        config.getTrustManager()),
                config.getEndpoint().getScheme().equals("http"),
                List.of(Protocol.HTTP_2, Protocol.HTTP_1_1),
                config.getHeadersSupplier().get(),
                response -> RetryUtil.retryableHttpResponseCodes().contains(response.code()));
    }

    @Override
    public void send(MessageWriter message, Consumer<HttpResponse> onResponse, Consumer<Throwable> onError) {
        Compressor compressor = config.getCompressor();
        Request.Builder request = new Request.Builder().url(config.getEndpoint().toString());
        if (compressor != null) {
            request.header("Content-Encoding", compressor.getEncoding());
        }
        client.send(
                request,
                new Body(message, compressor, MediaType.get(config.getContentType())),
                response -> onResponse.accept(read(response)),
                onError);
    }

    private static HttpResponse read(Response response) throws IOException {
        byte[] body = OtlpResponse.body(response);
        if (response.isSuccessful() && body.length > 0) {
            OtlpResponse.check(response, body);
        }
        return new HttpAnswer(response.code(), response.message(), body);
    }

    @Override
    public CompletableResultCode shutdown() {
        return client.shutdown();
    }

    private static final class Body extends RequestBody {
        private final MessageWriter message;
        private final @Nullable Compressor compressor;
        private final MediaType type;

        Body(MessageWriter message, @Nullable Compressor compressor, MediaType type) {
            this.message = message;
            this.compressor = compressor;
            this.type = type;
        }

        @Override
        public MediaType contentType() {
            return type;
        }

        @Override
        public long contentLength() {
            return compressor == null ? message.getContentLength() : -1;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            if (compressor == null) {
                message.writeMessage(sink.outputStream());
                return;
            }
            try (BufferedSink compressed = Okio.buffer(Okio.sink(compressor.compress(sink.outputStream())));
                    OutputStream out = compressed.outputStream()) {
                message.writeMessage(out);
            }
        }
    }

    private static final class HttpAnswer implements HttpResponse {
        private final int code;
        private final String message;
        private final byte[] body;

        HttpAnswer(int code, String message, byte[] body) {
            this.code = code;
            this.message = message;
            this.body = body;
        }

        @Override
        public int getStatusCode() {
            return code;
        }

        @Override
        public String getStatusMessage() {
            return message;
        }

        @Override
        public byte[] getResponseBody() {
            return body;
        }
    }
}
