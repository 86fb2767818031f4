package dev.aioscope.telemetry;

import dev.aioscope.worker.Worker;
import io.opentelemetry.exporter.internal.RetryUtil;
import io.opentelemetry.exporter.internal.TlsUtil;
import io.opentelemetry.exporter.sender.okhttp.internal.RetryInterceptor;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509TrustManager;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.ConnectionSpec;
import okhttp3.Dispatcher;
import okhttp3.Headers;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to one URL. Unlike the client in the SDK's senders, it follows no redirect: a redirect would send headers
 * with API keys to another host, and some redirects turn the request into a GET that any web server answers.
 */
final class OtlpClient {
    private final OkHttpClient client;
    private final Headers headers;

    /** Reads a response on a thread of the client. */
    interface Reader {
        void read(Response response) throws IOException;
    }

    /** Takes what {@code config} of both protocols say. */
    record Settings(
            Duration timeout,
            Duration connectTimeout,
            @Nullable RetryPolicy retry,
            @Nullable SSLContext tls,
            @Nullable X509TrustManager trust) {}

    /**
     * Connects at the first request.
     *
     * @param isRetryable whether a response asks for another attempt
     * @throws ConfigurationException if HTTP does not allow a header
     */
    OtlpClient(
            Settings settings,
            boolean isPlain,
            List<Protocol> protocols,
            Map<String, List<String>> headers,
            Predicate<Response> isRetryable) {
        this.headers = headers(headers);
        OkHttpClient.Builder builder = new OkHttpClient.Builder()
                .followRedirects(false)
                .followSslRedirects(false)
                .dispatcher(new Dispatcher(new ThreadPoolExecutor(
                        0, Integer.MAX_VALUE, 60, TimeUnit.SECONDS, new SynchronousQueue<>(), Worker.factory("otlp"))))
                .protocols(protocols)
                .callTimeout(settings.timeout())
                .connectTimeout(settings.connectTimeout());
        if (settings.retry() != null) {
            builder.addInterceptor(new RetryInterceptor(
                    settings.retry(),
                    isRetryable::test,
                    response -> RetryUtil.retryAfterNanos(response.header("Retry-After"))));
        }
        if (isPlain) {
            builder.connectionSpecs(List.of(ConnectionSpec.CLEARTEXT));
        } else if (settings.tls() != null) {
            builder.sslSocketFactory(
                    settings.tls().getSocketFactory(),
                    settings.trust() == null ? certificatesOfSystem() : settings.trust());
        }
        this.client = builder.build();
    }

    private static X509TrustManager certificatesOfSystem() {
        try {
            return TlsUtil.defaultTrustManager();
        } catch (SSLException e) {
            throw new ConfigurationException("cannot read the certificates of the Java runtime: " + e.getMessage(), e);
        }
    }

    /** The exception of the HTTP client contains the value, which can be a secret. */
    @SuppressWarnings("UnusedException")
    private static Headers headers(Map<String, List<String>> all) {
        Headers.Builder headers = new Headers.Builder();
        all.forEach((name, values) -> {
            try {
                values.forEach(value -> headers.add(name, value));
            } catch (IllegalArgumentException e) {
                throw new UnusableSettingException(
                        "headers",
                        "a name or value contains a character that HTTP does not allow",
                        "use printable ASCII characters, percent-encoded or not");
            }
        });
        return headers.build();
    }

    /** Adds the headers of the user and sends a request; calls one of the two when it ends. */
    void send(Request.Builder request, RequestBody body, Reader onResponse, Consumer<Throwable> onError) {
        headers.forEach(header -> request.addHeader(header.getFirst(), header.getSecond()));
        try {
            client.newCall(request.post(body).build()).enqueue(new Callback() {
                @Override
                public void onFailure(Call call, IOException e) {
                    onError.accept(e);
                }

                @Override
                public void onResponse(Call call, Response response) {
                    try (response) {
                        OtlpResponse.rejectRedirect(response);
                        onResponse.read(response);
                    } catch (IOException | RuntimeException e) {
                        onError.accept(e);
                    }
                }
            });
        } catch (RejectedExecutionException e) {
            onError.accept(e);
        }
    }

    /** Cancels all requests. */
    CompletableResultCode shutdown() {
        client.dispatcher().cancelAll();
        client.connectionPool().evictAll();
        client.dispatcher().executorService().shutdownNow();
        return CompletableResultCode.ofSuccess();
    }
}
