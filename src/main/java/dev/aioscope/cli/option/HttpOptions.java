package dev.aioscope.cli.option;

import dev.aioscope.config.BooleanConverter;
import dev.aioscope.config.Configurable;
import dev.aioscope.config.IntegerRangeConverter;
import dev.aioscope.config.ListenConverter;
import dev.aioscope.config.ListenConverter.ListenAddress;
import dev.aioscope.daemon.DaemonOptions.HolderSeries;
import dev.aioscope.http.BasicAuth;
import dev.aioscope.http.HttpSettings;
import dev.aioscope.http.Tls;
import dev.aioscope.http.WebServer;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of the HTTP server and of the metrics that it serves. */
public final class HttpOptions {
    private static final Logger LOG = LoggerFactory.getLogger("aioscope");

    @Spec
    private CommandSpec spec;

    @Configurable(reloads = true)
    @Option(
            names = "--listen",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1:9464",
            converter = ListenConverter.class,
            description = {
                "Listen on this address (default: ${DEFAULT-VALUE}).",
                "Serves a page at /, and /metrics, /healthz, /readyz and /api. ADDRESS is HOST:PORT, [IPV6]:PORT, :PORT"
                        + " for all addresses of this host, or off."
            })
    private ListenAddress listen = new ListenAddress(null);

    @Configurable(reloads = true)
    @Option(
            names = "--tls-certificate",
            paramLabel = "FILE",
            description = "Serve over TLS with this PEM certificate and its chain.")
    private @Nullable Path certificate;

    @Configurable(reloads = true)
    @Option(names = "--tls-key", paramLabel = "FILE", description = "Use this private key for TLS: PEM, PKCS #8.")
    private @Nullable Path key;

    @Configurable(reloads = true)
    @Option(
            names = "--auth-file",
            paramLabel = "FILE",
            description = {
                "Require basic authentication.",
                "FILE contains name:hash lines of htpasswd -nB, for its owner only. /healthz and /readyz stay open."
            })
    private @Nullable Path users;

    @Configurable
    @Option(
            names = "--metrics-series",
            paramLabel = "N",
            defaultValue = "20",
            converter = SeriesConverter.class,
            description = {
                "Export series for the N largest holders (default: ${DEFAULT-VALUE}).",
                "The series 'other' sums up the rest."
            })
    private int series = 20;

    @Configurable
    @Option(
            names = "--metrics-pid",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            converter = BooleanConverter.class,
            description = "Distinguish processes of one executable and container by PID.")
    private boolean byPid;

    /**
     * Reads the files that the options name.
     *
     * @throws dev.aioscope.http.HttpException if one of them is not usable
     */
    public HttpSettings settings() {
        if ((certificate == null) != (key == null)) {
            throw new ParameterException(spec.commandLine(), "--tls-certificate and --tls-key require each other");
        }
        SSLContext tls = certificate == null || key == null ? null : Tls.read(certificate, key);
        BasicAuth allowed = users == null ? null : BasicAuth.read(users);
        InetSocketAddress address = listen.address();
        if (address != null && !address.isUnresolved() && !address.getAddress().isLoopbackAddress()) {
            warn(address, tls, allowed);
        }
        return new HttpSettings(address, tls, allowed);
    }

    private static void warn(InetSocketAddress address, @Nullable SSLContext tls, @Nullable BasicAuth allowed) {
        if (allowed == null) {
            LOG.warn(
                    "Anyone who can reach {} can list the programs of this host (hint: set auth-file)",
                    WebServer.show(address));
        } else if (tls == null) {
            LOG.warn(
                    "Clients send passwords to {} unencrypted (hint: set tls-certificate and tls-key)",
                    WebServer.show(address));
        }
    }

    /** Which holders of the quota have metric series. */
    public HolderSeries holderSeries() {
        return new HolderSeries(series, byPid);
    }

    static final class SeriesConverter extends IntegerRangeConverter {
        SeriesConverter() {
            super(1, 1000);
        }
    }
}
