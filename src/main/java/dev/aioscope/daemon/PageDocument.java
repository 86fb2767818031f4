package dev.aioscope.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.aioscope.http.WebServer.Page;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;

/**
 * The page that shows a host in a browser. Its style and its script are inside it, and the browser runs and loads nothing
 * else.
 */
final class PageDocument {
    private static final String CONTENT_TYPE = "text/html; charset=utf-8";

    private PageDocument() {}

    /** The page that reads the API of the daemon that serves it. */
    static Page live() {
        String policy = policy("'self'");
        return new Page(200, CONTENT_TYPE, policy + "; frame-ancestors 'none'", List.of(html(policy, "")));
    }

    /**
     * The page with its data inside.
     *
     * @param data in base64, which cannot end the element that contains it
     */
    static String report(String data) {
        return html(policy("'none'"), data);
    }

    private static String html(String policy, String data) {
        return resource("page.html")
                .replace("{policy}", policy)
                .replace("{style}", resource("page.css"))
                .replace("{script}", resource("page.js"))
                .replace("{data}", data);
    }

    /** Allows our style and script only, by their hashes, and no way to make markup from text. */
    private static String policy(String connections) {
        return "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; connect-src " + connections
                + "; style-src " + hash(resource("page.css")) + "; script-src " + hash(resource("page.js"))
                + "; require-trusted-types-for 'script'; trusted-types 'none'";
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is not available", e);
        }
    }

    private static String resource(String name) {
        try (InputStream resource = PageDocument.class.getResourceAsStream("/page/" + name)) {
            if (resource == null) {
                throw new IllegalStateException("the resource " + name + " is missing");
            }
            return new String(resource.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
