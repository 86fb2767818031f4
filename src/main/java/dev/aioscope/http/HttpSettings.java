package dev.aioscope.http;

import dev.aioscope.http.WebServer.Page;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * How to serve HTTP, with the contents of the files that the settings name.
 *
 * @param address null to serve nothing
 * @param tls null for plain HTTP
 * @param auth null to answer every client
 */
public record HttpSettings(
        @Nullable InetSocketAddress address,
        @Nullable SSLContext tls,
        @Nullable BasicAuth auth) {
    /** Whether both certainly mean the same; files can have changed, so settings with files never do. */
    public boolean isSame(HttpSettings other) {
        return Objects.equals(address, other.address)
                && tls == null
                && other.tls == null
                && auth == null
                && other.auth == null;
    }

    /**
     * Starts a server.
     *
     * @param open paths that need no user, see {@link WebServer}
     * @param endpoints by path
     * @return null if there is no address
     * @throws HttpException if the address is not available
     */
    public @Nullable WebServer serve(Set<String> open, Map<String, Function<String, Page>> endpoints) {
        return address == null ? null : new WebServer(address, tls, auth, open, endpoints);
    }
}
