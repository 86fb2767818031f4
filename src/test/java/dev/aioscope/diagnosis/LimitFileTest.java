package dev.aioscope.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
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

    private LimitFile find() {
        return LimitFile.find(HostFiles.below(root));
    }

    private String winner() {
        LimitFile found = find();
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

        assertThat(find().path()).isNull();
        assertThat(find().origin()).isEqualTo("no sysctl.d file sets fs.aio-max-nr");
    }

    @Test
    void prefersExplicitKeyToLaterPattern() throws IOException {
        write("etc/sysctl.d/a.conf", "fs.aio-max-nr = 1");
        write("etc/sysctl.d/b.conf", "fs.aio-* = 2");
        assertThat(winner()).isEqualTo("/etc/sysctl.d/a.conf:1=1");

        write("etc/sysctl.d/a.conf", "-fs.aio-max-nr");
        assertThat(find().path()).isNull();
    }

    @Test
    void fileInEtcReplacesFileOfSameName() throws IOException {
        write("usr/lib/sysctl.d/50-b.conf", "fs.aio-max-nr = 2");
        write("run/sysctl.d/50-b.conf", "fs.aio-max-nr = 3");
        assertThat(winner()).isEqualTo("/run/sysctl.d/50-b.conf:1=3");

        Files.createDirectories(root.resolve("etc/sysctl.d"));
        write("dev/null");
        Files.createSymbolicLink(root.resolve("etc/sysctl.d/50-b.conf"), Path.of("/dev/null"));
        assertThat(find().path()).isNull();
    }

    @Test
    void readsSysctlConfLastWithoutSystemdOnly() throws IOException {
        write("etc/sysctl.conf", "fs.aio-max-nr = 1");
        write("etc/sysctl.d/99-z.conf", "fs.aio-max-nr = 2");
        assertThat(winner()).isEqualTo("/etc/sysctl.d/99-z.conf:1=2");

        Files.delete(root.resolve("run/systemd/system"));
        assertThat(winner()).isEqualTo("/etc/sysctl.conf:1=1");
        assertThat(find().hint(5))
                .isEqualTo("run sysctl -w fs.aio-max-nr=5; to keep it, write 'fs.aio-max-nr = 5' to line 1 of"
                        + " /etc/sysctl.conf");
    }

    @Test
    void suggestsFileThatTakesPrecedence() throws IOException {
        assertThat(find().place()).isEqualTo("/etc/sysctl.d/99-aio-max-nr.conf");

        write("usr/lib/sysctl.d/50-b.conf", "fs.aio-max-nr = 2");
        assertThat(find().advice(9))
                .isEqualTo("/usr/lib/sysctl.d/50-b.conf, line 1, sets fs.aio-max-nr to 2; run sysctl -w"
                        + " fs.aio-max-nr=9; to keep it, write 'fs.aio-max-nr = 9' to"
                        + " /etc/sysctl.d/99-aio-max-nr.conf");

        write("etc/sysctl.d/99-sysctl.conf", "", "fs.aio-max-nr = 3");
        assertThat(find().place()).isEqualTo("line 2 of /etc/sysctl.d/99-sysctl.conf");
    }

    /** A link to itself is as unreadable as a file without permission, also for root. */
    private void close(String path) throws IOException {
        Path link = root.resolve(path);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, link.getFileName());
    }

    @Test
    void namesUnreadableDirectory() throws IOException {
        close("etc/sysctl.d");
        assertThat(find().origin())
                .isEqualTo("cannot read /etc/sysctl.d (too many symbolic links), so the file that sets fs.aio-max-nr"
                        + " is unknown");

        write("usr/lib/sysctl.d/50-b.conf", "fs.aio-max-nr = 2");
        assertThat(find().origin())
                .isEqualTo("/usr/lib/sysctl.d/50-b.conf, line 1, sets fs.aio-max-nr to 2, unless a file sets it that"
                        + " is not readable: /etc/sysctl.d (too many symbolic links)");
    }

    @Test
    void namesUnreadableFileThatCouldWin() throws IOException {
        close("etc/sysctl.d/50-b.conf");
        assertThat(find().unread()).isEqualTo("/etc/sysctl.d/50-b.conf (too many symbolic links)");
        write("etc/sysctl.d/40-a.conf", "fs.aio-max-nr = 1");
        assertThat(find().unread()).isEqualTo("/etc/sysctl.d/50-b.conf (too many symbolic links)");
        write("etc/sysctl.d/60-c.conf", "fs.aio-* = 1");
        assertThat(find().unread()).isEqualTo("/etc/sysctl.d/50-b.conf (too many symbolic links)");

        write("etc/sysctl.d/60-c.conf", "fs.aio-max-nr = 1");
        assertThat(find().unread()).isNull();
    }

    @Test
    void ignoresLinkThatLeadsNowhere() throws IOException {
        Files.createDirectories(root.resolve("etc/sysctl.d"));
        Files.createSymbolicLink(root.resolve("etc/sysctl.d/a.conf"), Path.of("../none.conf"));

        assertThat(find().unread()).isNull();
    }

    @Test
    void followsLinksBelowRootOfHost() throws IOException {
        write("nix/store/a/60-nixos.conf", "fs.aio-max-nr = 7");
        Files.createDirectories(root.resolve("etc"));
        Files.createSymbolicLink(root.resolve("etc/static"), Path.of("/nix/../nix/store"));
        Files.createSymbolicLink(root.resolve("etc/sysctl.d"), Path.of("../etc/static/a"));
        assertThat(winner()).isEqualTo("/etc/sysctl.d/60-nixos.conf:1=7");
    }

    @Nested
    class Hosts {
        /** A /proc in which process 1 and this process have these lines in mountinfo. */
        private Path proc(String first, String own) throws IOException {
            write("proc/1/mountinfo", first);
            write("proc/self/mountinfo", own);
            return root.resolve("proc");
        }

        @Test
        void areBelowRootOfFirstProcess() throws IOException {
            Path proc = proc("", "");
            write("host/etc/sysctl.d/a.conf", "fs.aio-max-nr = 5");
            Files.createSymbolicLink(proc.resolve("1/root"), root.resolve("host"));

            assertThat(LimitFile.find(HostFiles.open(proc, root)).value()).isEqualTo("5");
        }

        @Test
        void areOwnFilesIfRootOfFirstProcessIsClosedButTheSame() throws IOException {
            Path proc = proc(
                    "29 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw",
                    "312 288 254:1 / / ro,relatime master:1 - ext4 /dev/vda1 rw");
            close("proc/1/root");
            write("etc/sysctl.d/a.conf", "fs.aio-max-nr = 5");

            assertThat(LimitFile.find(HostFiles.open(proc, root)).value()).isEqualTo("5");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "312 288 0:45 / / ro,relatime - overlay overlay rw",
                    "312 288 254:1 /var/chroot / rw,relatime - ext4 /dev/vda1 rw",
                    "312 288 254:1 / /proc rw,relatime - ext4 /dev/vda1 rw"
                })
        void areUnknownIfRootOfFirstProcessIsClosedAndOwnRootDiffers(String own) throws IOException {
            Path proc = proc("29 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw", own);
            close("proc/1/root");

            assertThatThrownBy(() -> HostFiles.open(proc, root)).isInstanceOf(IOException.class);
        }
    }
}
