package dev.aioscope.daemon;

import dev.aioscope.http.HttpException;
import dev.aioscope.http.HttpSettings;
import dev.aioscope.http.WebServer;
import dev.aioscope.http.WebServer.Page;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The daemon's HTTP server, which a reload can move to another address. Thread-safe. */
final class HttpEndpoint implements AutoCloseable {
    private final Map<String, Function<String, Page>> endpoints;
    private HttpSettings settings;
    private @Nullable WebServer server;

    /** Starts to serve if the settings have an address. */
    HttpEndpoint(Map<String, Function<String, Page>> endpoints, HttpSettings settings) {
        this.endpoints = endpoints;
        this.settings = settings;
        this.server = settings.serve(Endpoints.OPEN, endpoints);
    }

    /**
     * Serves by other settings. Cuts all connections unless the settings are certainly the same.
     *
     * @throws HttpException if that is not possible; the server then serves as before
     */
    synchronized void change(HttpSettings wanted) {
        if (wanted.isSame(settings)) {
            return;
        }
        close();
        try {
            server = wanted.serve(Endpoints.OPEN, endpoints);
            settings = wanted;
        } catch (HttpException e) {
            server = settings.serve(Endpoints.OPEN, endpoints);
            throw e;
        }
    }

    /** The address that it serves, as a URL; null if it serves nothing. */
    synchronized @Nullable String url() {
        return server == null ? null : server.url();
    }

    @Override
    public synchronized void close() {
        if (server != null) {
            server.close();
            server = null;
        }
    }
}
