package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelStackTest {
    private static final long BEGIN = 0xffffffff81000000L;

    @TempDir
    private Path folder;

    private Map<Long, String> read(String text, Long... addresses) throws IOException {
        return KernelStack.read(Files.writeString(folder.resolve("kallsyms"), text), List.of(addresses));
    }

    @Test
    void namesNearestFunctionAtOrBeforeAddress() throws IOException {
        String list = """
                0000000000001000 A per_cpu
                ffffffff81000000 T first
                ffffffff81000100 t second
                ffffffff81000100 t alias
                ffffffff81000180 d data
                ffffffffc0000000 t in_module\t[module]
                """;

        assertThat(read(list, BEGIN, BEGIN + 0xff, BEGIN + 0x100, BEGIN + 0x190, 0xffffffffc0000001L))
                .isEqualTo(Map.of(
                        BEGIN,
                        "first",
                        BEGIN + 0xff,
                        "first",
                        BEGIN + 0x100,
                        "second",
                        BEGIN + 0x190,
                        "second",
                        0xffffffffc0000001L,
                        "in_module"));
    }

    @Test
    void namesNothingFarFromFunction() throws IOException {
        String list = "ffffffff81000000 T first\n";

        assertThat(read(list, BEGIN - 1, BEGIN + 65535, BEGIN + 65536))
                .isEqualTo(Map.of(BEGIN - 1, "", BEGIN + 65535, "first", BEGIN + 65536, ""));
    }

    @Test
    void namesNothingWhenAddressesAreHidden() throws IOException {
        assertThat(read("0000000000000000 T first\n", 1L, BEGIN)).isEqualTo(Map.of(1L, "", BEGIN, ""));
    }

    @Test
    void findsSameNamesInUnsortedList() throws IOException {
        Random random = new Random(1);
        Map<Long, String> functions = new HashMap<>();
        StringBuilder list = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            long begin = BEGIN + random.nextInt(1 << 20) * 16L;
            if (functions.putIfAbsent(begin, "f" + i) == null) {
                list.append("%016x t f%d%n".formatted(begin, i));
            }
        }
        List<Long> addresses = new ArrayList<>();
        Map<Long, String> expected = new HashMap<>();
        for (int i = 0; i < 500; i++) {
            long address = BEGIN + random.nextInt(1 << 24);
            long nearest = functions.keySet().stream()
                    .filter(begin -> begin <= address && address - begin < 65536)
                    .mapToLong(begin -> begin)
                    .max()
                    .orElse(0);
            addresses.add(address);
            expected.put(address, functions.getOrDefault(nearest, ""));
        }

        assertThat(read(list.toString(), addresses.toArray(Long[]::new))).isEqualTo(expected);
    }
}
