package dev.aioscope.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules of sysctl.d(5) and sysctl(8). */
class LimitFileTest {
    @TempDir
    private Path root;

    @BeforeEach
    void hasSystemd() throws IOException {
        Files.createDirectories(root.resolve("run/systemd/system"));
    }

    private void write(String file, String... lines) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.write(path, java.util.List.of(lines));
    }

    private String winner() {
        LimitFile found = LimitFile.find(root);
        return found.path() + ":" + found.line() + "=" + found.value();
    }

    @Test
    void selectsLastFileByNameInAllDirectories() throws IOException {
        write("etc/sysctl.d/10-a.conf", "fs.aio-max-nr = 1");
        write("usr/lib/sysctl.d/50-b.conf", "# fs.aio-max-nr = 9", "", "fs.aio-max-nr = 2");
        write("run/sysctl.d/20-c.conf", "fs.aio-max-nr = 3");
        write("etc/sysctl.d/90-d.conf", "vm.swappiness = 1");
        write("etc/sysctl.d/99-e.conf.bak", "fs.aio-max-nr = 4");
        write("etc/sysctl.d/.hidden.conf", "fs.aio-max-nr = 5");

        assertThat(winner()).isEqualTo("/usr/lib/sysctl.d/50-b.conf:3=2");
    }

    @Test
    void selectsLastLineOfFile() throws IOException {
        write("etc/sysctl.d/a.conf", "fs.aio-max-nr = 1", "fs.aio-max-nr=2", "; fs.aio-max-nr = 3", "fs.aio-max-nr");

        assertThat(winner()).isEqualTo("/etc/sysctl.d/a.conf:2=2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"fs.aio-max-nr = 7", "fs/aio-max-nr=7", "  -fs.aio-max-nr\t=  7 ", "fs.aio-max-* = 7", "fs/* = 7"
            })
    void readsAllNotations(String line) throws IOException {
        write("etc/sysctl.d/a.conf", line);

        assertThat(winner()).isEqualTo("/etc/sysctl.d/a.conf:1=7");
    }

    @Test
    void ignoresOtherKeysAndPatterns() throws IOException {
        write(
                "etc/sysctl.d/a.conf",
                "fs.aio-max-nr2 = 7",
                "net.* = 7",
                "fs.aio-nr = 7",
                "x.fs.aio-max-nr = 7",
                "[ = 7");

        assertThat(LimitFile.find(root).path()).isNull();
        assertThat(LimitFile.find(root).origin()).isEqualTo("no sysctl.d file sets fs.aio-max-nr");
    }

    @Test
    void prefersExplicitKeyToLaterPattern() throws IOException {
        write("etc/sysctl.d/a.conf", "fs.aio-max-nr = 1");
        write("etc/sysctl.d/b.conf", "fs.aio-* = 2");
        assertThat(winner()).isEqualTo("/etc/sysctl.d/a.conf:1=1");

        write("etc/sysctl.d/a.conf", "-fs.aio-max-nr");
        assertThat(LimitFile.find(root).path()).isNull();
    }

    @Test
    void fileInEtcReplacesFileOfSameName() throws IOException {
        write("usr/lib/sysctl.d/50-b.conf", "fs.aio-max-nr = 2");
        write("run/sysctl.d/50-b.conf", "fs.aio-max-nr = 3");
        assertThat(winner()).isEqualTo("/run/sysctl.d/50-b.conf:1=3");

        Files.createDirectories(root.resolve("etc/sysctl.d"));
        Files.createSymbolicLink(root.resolve("etc/sysctl.d/50-b.conf"), Path.of("/dev/null"));
        assertThat(LimitFile.find(root).path()).isNull();
    }

    @Test
    void readsSysctlConfLastWithoutSystemdOnly() throws IOException {
        write("etc/sysctl.conf", "fs.aio-max-nr = 1");
        write("etc/sysctl.d/99-z.conf", "fs.aio-max-nr = 2");
        assertThat(winner()).isEqualTo("/etc/sysctl.d/99-z.conf:1=2");

        Files.delete(root.resolve("run/systemd/system"));
        assertThat(winner()).isEqualTo("/etc/sysctl.conf:1=1");
        assertThat(LimitFile.find(root).hint(5))
                .isEqualTo("run sysctl -w fs.aio-max-nr=5; to keep it, write 'fs.aio-max-nr = 5' to line 1 of"
                        + " /etc/sysctl.conf");
    }

    @Test
    void suggestsFileThatTakesPrecedence() throws IOException {
        assertThat(LimitFile.find(root).place()).isEqualTo("/etc/sysctl.d/99-aio-max-nr.conf");

        write("usr/lib/sysctl.d/50-b.conf", "fs.aio-max-nr = 2");
        assertThat(LimitFile.find(root).advice(9))
                .isEqualTo("/usr/lib/sysctl.d/50-b.conf, line 1, sets fs.aio-max-nr to 2; run sysctl -w"
                        + " fs.aio-max-nr=9; to keep it, write 'fs.aio-max-nr = 9' to"
                        + " /etc/sysctl.d/99-aio-max-nr.conf");

        write("etc/sysctl.d/99-sysctl.conf", "", "fs.aio-max-nr = 3");
        assertThat(LimitFile.find(root).place()).isEqualTo("line 2 of /etc/sysctl.d/99-sysctl.conf");
    }
}
