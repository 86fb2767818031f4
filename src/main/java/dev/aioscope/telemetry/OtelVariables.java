package dev.aioscope.telemetry;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The {@code OTEL_*} variables of an environment, without their secrets. */
public final class OtelVariables {
    private static final String MASK = "***";
    private static final Pattern HEADERS = Pattern.compile("[\\w-]+=[^,=]*=*(,[\\w-]+=[^,=]*=*)*");

    private OtelVariables() {}

    /** The variables by name, sorted, with the values of headers and the passwords in URLs masked. */
    public static Map<String, String> masked(Map<String, String> environment) {
        Map<String, String> masked = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith("OTEL_")) {
                masked.put(name, name.endsWith("_HEADERS") ? maskHeaders(value) : withoutPassword(value));
            }
        });
        return masked;
    }

    /** Keeps names only where nothing else can be one: a secret that is not percent-encoded can contain a comma. */
    private static String maskHeaders(String value) {
        return HEADERS.matcher(value).matches() ? value.replaceAll("=[^,]*", "=" + MASK) : MASK;
    }

    /** Removes user and password from a URL, and from all URLs in another text. */
    static String withoutPassword(String text) {
        return isUrlWithoutUser(text) ? text : text.replaceAll("//\\S*@", "//");
    }

    /** A URL with a password that needs encoding, such as one with a slash, is no valid URL and has no host. */
    private static boolean isUrlWithoutUser(String text) {
        try {
            URI url = new URI(text);
            return url.getHost() != null && url.getRawUserInfo() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }
}
