package dev.aioscope.daemon;

import dev.aioscope.cli.option.HttpOptions;
import dev.aioscope.http.HttpException;
import dev.aioscope.http.WebServer;
import dev.aioscope.http.WebServer.Page;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Serves the pages of the daemon, at another address if that is asked for. */
public final class HttpEndpoint implements AutoCloseable {
    private final Map<String, Function<String, Page>> pages;
    private HttpOptions.Settings settings;
    private @Nullable WebServer server;

    /** Begins to serve, if that is wanted. */
    public HttpEndpoint(Map<String, Function<String, Page>> pages, HttpOptions.Settings settings) {
        this.pages = pages;
        this.settings = settings;
        this.server = settings.serve(pages);
    }

    /**
     * Serves as these settings say. Connections are cut, unless nothing can have changed.
     *
     * @throws HttpException if that is not possible; then all stays as it was
     */
    public synchronized void change(HttpOptions.Settings wanted) {
        if (wanted.isSame(settings)) {
            return;
        }
        close();
        try {
            server = wanted.serve(pages);
            settings = wanted;
        } catch (HttpException e) {
            server = settings.serve(pages);
            throw e;
        }
    }

    /** Where it is to be had; null if it is not. */
    public synchronized @Nullable String url() {
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
