package dev.aioscope.config;

import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses an address with a port, or {@code off}. */
public final class ListenConverter implements ITypeConverter<ListenConverter.ListenAddress> {
    /** An address to listen on; null for none. */
    public record ListenAddress(@Nullable InetSocketAddress address) {}

    private static final Pattern ADDRESS = Pattern.compile("(?:\\[([0-9a-fA-F:.]+)]|([^\\[\\]:]*)):(\\d{1,5})");

    @Override
    public ListenAddress convert(String text) {
        if (text.equals("off")) {
            return new ListenAddress(null);
        }
        Matcher matcher = ADDRESS.matcher(text);
        if (!matcher.matches() || Integer.parseInt(matcher.group(3)) > 65_535) {
            throw new TypeConversionException(
                    "expected an address such as 127.0.0.1:9464 or :9464, or off, got '" + text + "'");
        }
        int port = Integer.parseInt(matcher.group(3));
        String host = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
        return new ListenAddress(host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port));
    }
}
