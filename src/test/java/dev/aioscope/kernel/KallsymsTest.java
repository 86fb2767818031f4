package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KallsymsTest {
    @TempDir
    private Path folder;

    private Kallsyms read(String text, String... names) throws Exception {
        return Kallsyms.read(Files.writeString(folder.resolve("kallsyms"), text), Set.of(names));
    }

    @Test
    void endsSymbolAtNextAddress() throws Exception {
        Kallsyms symbols = read("""
                ffffffff81000000 T first
                ffffffff81000100 t wanted
                ffffffff81000100 t alias
                ffffffff81000180 T next
                """, "wanted");

        assertThat(symbols.find("wanted")).isEqualTo(new Kallsyms.Range(0xffffffff81000100L, 0xffffffff81000180L));
        assertThat(symbols.find("first")).isEqualTo(new Kallsyms.Range(0, 0));
    }

    @Test
    void boundsLastSymbolOfSection() throws Exception {
        Kallsyms symbols = read("ffffffff81000100 t wanted\n0000000000001000 d module_data\t[module]\n", "wanted");

        assertThat(symbols.find("wanted").end() - symbols.find("wanted").begin())
                .isEqualTo(8192);
    }

    @Test
    void findsNothingWhenAddressesAreHidden() throws Exception {
        Kallsyms symbols = read("0000000000000000 T wanted\n0000000000000000 T next\n", "wanted");

        assertThat(symbols.find("wanted")).isEqualTo(new Kallsyms.Range(0, 0));
    }

    @Test
    void findsNothingInTruncatedOrMissingList() throws Exception {
        assertThat(read("ffffffff81000100 t wan", "wanted").find("wanted").begin())
                .isZero();
        assertThat(Kallsyms.read(folder.resolve("none"), Set.of("wanted"))
                        .find("wanted")
                        .begin())
                .isZero();
    }

    /** As in the systemd unit: root opens the list, and the process itself has no CAP_SYSLOG. */
    @Test
    void readsStandardInputRepeatedlyWithoutCapSyslog() throws Exception {
        assumeThat(Kallsyms.read(Set.of(Child.FUNCTION)).find(Child.FUNCTION).begin())
                .as("this user sees the addresses")
                .isNotZero();
        assumeThat(Libc.geteuid()).as("this user can drop capabilities").isZero();
        assumeThat(child("/dev/null")).as("the child sees no addresses").containsExactly("false", "false");

        assertThat(child("/proc/kallsyms")).containsExactly("true", "true", "vfs_read", "vfs_read");
    }

    private static List<String> child(String input) throws Exception {
        // The unit's ProtectKernelTunables= covers the list, which a reader must not open again.
        List<String> command = new ArrayList<>(List.of(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount --bind /dev/null /proc/kallsyms && exec \"$@\"",
                "sh",
                "setpriv",
                "--bounding-set=-syslog"));
        command.addAll(JavaCommand.command(Child.class, 64));
        Process child = new ProcessBuilder(command)
                .redirectInput(Path.of(input).toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (Stream<String> lines = child.inputReader(StandardCharsets.UTF_8).lines()) {
            return lines.toList();
        }
    }

    /** Prints whether it finds a function by name, twice, and then the function's name by addresses in it. */
    static final class Child {
        static final String FUNCTION = "vfs_read";

        private Child() {}

        public static void main(String[] arguments) {
            long first = Kallsyms.read(Set.of(FUNCTION)).find(FUNCTION).begin();
            long second = Kallsyms.read(Set.of(FUNCTION)).find(FUNCTION).begin();
            System.out.println(first != 0);
            System.out.println(second != 0);
            Stream.of(first, second + 1)
                    .flatMap(address -> KernelStack.functions(List.of(address)).stream())
                    .forEach(System.out::println);
        }
    }
}
