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
 * Who may ask: a file with a line {@code name:password} for each. Nobody but its owner may be able to read it, as the
 * passwords stand in it as they are.
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
     * @throws HttpException if it cannot be read, is readable for everybody, or has a line of another form
     */
    public static BasicAuth read(Path file) {
        try {
            if (Files.getPosixFilePermissions(file).stream().anyMatch(TOO_OPEN::contains)) {
                throw new HttpException("others can read " + file + " or change it", "chmod 600 " + file);
            }
            return parse(file, Files.readAllLines(file, UTF_8));
        } catch (IOException e) {
            throw new HttpException(
                    "the users cannot be read from " + file + " ("
                            + e.getClass().getSimpleName() + ")",
                    "give a readable file with a line name:password for each",
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
                throw new HttpException(file + " line " + (i + 1) + " names no user", "write name:password");
            }
            passwords.put(line.substring(0, colon), line.substring(colon + 1).getBytes(UTF_8));
        }
        if (passwords.isEmpty()) {
            throw new HttpException(file + " has no user in it", "write a line name:password for each");
        }
        return new BasicAuth(passwords);
    }

    @Override
    public boolean checkCredentials(String user, String password) {
        byte[] expected = passwords.get(user);
        // Takes the same time whatever the password is like, and about as long for a user that there is not.
        return MessageDigest.isEqual(expected == null ? new byte[0] : expected, password.getBytes(UTF_8))
                && expected != null;
    }
}
