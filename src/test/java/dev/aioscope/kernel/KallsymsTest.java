package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KallsymsTest {
    @TempDir
    private Path folder;

    private Kallsyms read(String text, String... names) throws Exception {
        return Kallsyms.read(Files.writeString(folder.resolve("kallsyms"), text), Set.of(names));
    }

    @Test
    void aSymbolReachesToTheNextOne() throws Exception {
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
    void theLastSymbolOfASectionIsNotEndless() throws Exception {
        Kallsyms symbols = read("ffffffff81000100 t wanted\n0000000000001000 d module_data\t[module]\n", "wanted");

        assertThat(symbols.find("wanted").end() - symbols.find("wanted").begin())
                .isEqualTo(8192);
    }

    @Test
    void hiddenAddressesAreNone() throws Exception {
        Kallsyms symbols = read("0000000000000000 T wanted\n0000000000000000 T next\n", "wanted");

        assertThat(symbols.find("wanted")).isEqualTo(new Kallsyms.Range(0, 0));
    }

    @Test
    void aListThatIsCutOffOrMissingIsNotAnError() throws Exception {
        assertThat(read("ffffffff81000100 t wan", "wanted").find("wanted").begin())
                .isZero();
        assertThat(Kallsyms.read(folder.resolve("none"), Set.of("wanted"))
                        .find("wanted")
                        .begin())
                .isZero();
    }
}
