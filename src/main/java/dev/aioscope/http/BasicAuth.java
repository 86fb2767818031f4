package dev.aioscope.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.BasicAuthenticator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Basic authentication by a file with one {@code name:password} per line. The passwords are clear text, so others must not
 * be able to read the file.
 */
public final class BasicAuth extends BasicAuthenticator {
    private static final Set<PosixFilePermission> TOO_OPEN =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_READ, PosixFilePermission.OTHERS_WRITE);

    private final Map<String, byte[]> passwords;

    private BasicAuth(Map<String, byte[]> passwords) {
        super("aioscope", UTF_8);
        this.passwords = Map.copyOf(passwords);
    }

    /**
     * Reads the file.
     *
     * @throws HttpException if the file is not readable, is readable or writable for others, or has another form
     */
    public static BasicAuth read(Path file) {
        try {
            if (Files.getPosixFilePermissions(file).stream().anyMatch(TOO_OPEN::contains)) {
                throw new HttpException(
                        "cannot use " + file + ": other users can read or change it", "chmod 600 " + file);
            }
            return parse(file, Files.readAllLines(file, UTF_8));
        } catch (IOException e) {
            throw new HttpException(
                    "cannot read " + file + ": " + e.getClass().getSimpleName(),
                    "name a readable file with one name:password per line",
                    e);
        }
    }

    private static BasicAuth parse(Path file, List<String> lines) {
        Map<String, byte[]> passwords = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            int colon = line.indexOf(':');
            if (colon < 1 || colon == line.length() - 1) {
                throw new HttpException(
                        "cannot use " + file + ":" + (i + 1) + ": expected name:password", "correct the line");
            }
            passwords.put(line.substring(0, colon), line.substring(colon + 1).getBytes(UTF_8));
        }
        if (passwords.isEmpty()) {
            throw new HttpException("cannot use " + file + ": it names no user", "write one name:password per line");
        }
        return new BasicAuth(passwords);
    }

    @Override
    public boolean checkCredentials(String user, String password) {
        byte[] expected = passwords.get(user);
        // Takes the same time for every password, and about as long for an unknown user.
        return MessageDigest.isEqual(expected == null ? new byte[0] : expected, password.getBytes(UTF_8))
                && expected != null;
    }
}
