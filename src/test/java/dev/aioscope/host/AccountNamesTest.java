package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Libc;
import dev.aioscope.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccountNamesTest {
    private final Map<String, String> late = new ConcurrentHashMap<>();

    @Test
    void knowsAccountsOfFileAtOnce(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("passwd");
        Files.writeString(file, "db:x:4242:1::/:/bin/sh\nbroken\nbad:x:nan:1:::\nhuge:x:99999999999:1:::\n");
        AccountNames users = new AccountNames(file, Libc::userName, late::put);
        assertThat(users.name(4242)).isEqualTo("db");

        Files.writeString(file, "web:x:4243:1::/:/bin/sh\n");
        assertThat(users.name(4243)).as("an account that was added later").isEqualTo("web");
        assertThat(users.name(4242)).isEqualTo("db");
        assertThat(late).isEmpty();
    }

    @Test
    void reportsNamesOfOtherSourcesLater(@TempDir Path folder) {
        AccountNames users = new AccountNames(folder.resolve("missing"), Libc::userName, late::put);
        assertThat(users.name(0)).isEqualTo("0");
        Await.until("the name of root", () -> late.equals(Map.of("0", "root")));
        assertThat(users.name(0)).isEqualTo("root");
    }

    @Test
    void keepsNumberOfUserWithoutName(@TempDir Path folder) {
        AccountNames users = new AccountNames(folder.resolve("missing"), Libc::userName, late::put);
        assertThat(users.name(-2)).isEqualTo("4294967294");
        assertThat(users.name(-2)).isEqualTo("4294967294");
    }
}
