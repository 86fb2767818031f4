package dev.aioscope.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.BasicAuthenticator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.security.crypto.bcrypt.BCrypt;

/**
 * Basic authentication by a file with one {@code name:hash} per line, as {@code htpasswd -B} writes it. The hashes are of
 * bcrypt. Only the owner may read the file, because weak passwords can be guessed from their hashes. Thread-safe.
 */
public final class BasicAuth extends BasicAuthenticator {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE);

    private static final Pattern LINE = Pattern.compile("([^:]+):(\\$2[abxy]\\$(\\d\\d)\\$[./A-Za-z0-9]{53})");

    /** One more doubles the time of a check: with 14, it takes about a second. */
    private static final int MAX_COST = 14;

    private static final int MIN_COST = 4;
    private static final String HINT = "write name:hash lines with htpasswd -nB NAME";

    private final Map<String, String> hashes;
    private final String hashOfNobody;

    /** A digest of the credentials that were correct, by user: a scrape must not cost a bcrypt each time. */
    private final Map<String, byte[]> accepted = new ConcurrentHashMap<>();

    /** Wrong passwords must not keep more than one processor busy. */
    private final Object checkLock = new Object();

    private BasicAuth(Map<String, String> hashes) {
        super("aioscope", UTF_8);
        this.hashes = Map.copyOf(hashes);
        this.hashOfNobody = hashes.values().iterator().next();
    }

    /**
     * Reads the file.
     *
     * @throws HttpException if the file is not readable, is accessible for others than its owner, or has another form
     */
    public static BasicAuth read(Path file) {
        try {
            if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
                throw new HttpException(
                        "cannot use " + file + ": users other than its owner have access", "run chmod 600 " + file);
            }
            return parse(file, Files.readAllLines(file, UTF_8));
        } catch (IOException e) {
            throw new HttpException(
                    "cannot read " + file + ": " + e.getClass().getSimpleName(),
                    "name a readable file with one name:hash per line",
                    e);
        }
    }

    private static BasicAuth parse(Path file, List<String> lines) {
        Map<String, String> hashes = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String where = "cannot use " + file + ":" + (i + 1) + ": ";
            Matcher matcher = LINE.matcher(line);
            // The line can contain a password, so no message shows it.
            if (!matcher.matches()) {
                throw new HttpException(where + "expected name:hash with a hash of bcrypt", HINT);
            }
            int cost = Integer.parseInt(matcher.group(3));
            if (cost < MIN_COST || cost > MAX_COST) {
                throw new HttpException(
                        where + "the cost of the hash is " + cost + ", not " + MIN_COST + " to " + MAX_COST, HINT);
            }
            hashes.put(matcher.group(1), matcher.group(2));
        }
        if (hashes.isEmpty()) {
            throw new HttpException("cannot use " + file + ": it names no user", HINT);
        }
        return new BasicAuth(hashes);
    }

    @Override
    public boolean checkCredentials(String user, String password) {
        String hash = hashes.get(user);
        byte[] digest = digest(user, password);
        byte[] known = accepted.get(user);
        if (known != null && MessageDigest.isEqual(known, digest)) {
            return true;
        }
        synchronized (checkLock) {
            // An unknown user takes as long as a known one.
            boolean matches = BCrypt.checkpw(password, hash == null ? hashOfNobody : hash);
            if (hash == null || !matches) {
                return false;
            }
        }
        accepted.put(user, digest);
        return true;
    }

    private static byte[] digest(String user, String password) {
        try {
            // No user name contains a colon.
            return MessageDigest.getInstance("SHA-256").digest((user + ":" + password).getBytes(UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("SHA-256 is not available", e);
        }
    }
}
