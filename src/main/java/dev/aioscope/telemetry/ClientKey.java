package dev.aioscope.telemetry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Says why the SDK cannot use the file of a client key. It supports exactly one form: PKCS #8 without a password. */
final class ClientKey {
    private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String END = "-----END PRIVATE KEY-----";

    private ClientKey() {}

    /** What is wrong with the form of the file; empty if that is not the problem. */
    static Optional<UnusableSettingException> problem(Path file) {
        String text;
        try {
            text = Files.readString(file, ISO_8859_1).strip();
        } catch (IOException e) {
            return Optional.empty();
        }
        if (text.startsWith(BEGIN) && text.endsWith(END)) {
            return Optional.empty();
        }
        if (text.contains("BEGIN OPENSSH PRIVATE KEY")) {
            return Optional.of(unusable(
                    file + " contains a private key in the format of OpenSSH",
                    "convert a copy of it: ssh-keygen -p -N '' -m PKCS8 -f COPY"));
        }
        if (text.contains("PRIVATE KEY-----")) {
            return Optional.of(unusable(
                    file + " is not a private key in PKCS #8 without a password",
                    "convert it: openssl pkcs8 -topk8 -nocrypt -in " + file + " -out key.pem"));
        }
        return Optional.of(unusable(file + " contains no private key in PEM", "use the path of the private key"));
    }

    private static UnusableSettingException unusable(String problem, String hint) {
        return new UnusableSettingException("key", problem, hint);
    }
}
