package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Btf;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.util.Iterator;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Compares the parsed types of the running kernel with those of bpftool. */
class BtfIT {
    private static final Pattern STRUCT = Pattern.compile("\\[(\\d+)] (?:STRUCT|UNION) '[^']+' size=(\\d+) vlen=\\d+");
    private static final Pattern MEMBER =
            Pattern.compile("\t'(?!.anon)([^']+)' type_id=(\\d+) bits_offset=(\\d+)( bitfield_size=.*)?");
    private static final Pattern FUNCTION = Pattern.compile("\\[(\\d+)] FUNC 'kill_ioctx' .*");

    @Test
    void findsEveryFieldAtOffsetOfBpftool() throws IOException {
        Commands.assumeInstalled("bpftool");
        Btf btf = Btf.ofKernel();
        int type = 0;
        int fields = 0;
        int functions = 0;
        Iterator<String> lines = Commands.run(
                        "bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "raw")
                .lines()
                .iterator();
        while (lines.hasNext()) {
            String line = lines.next();
            Matcher struct = STRUCT.matcher(line);
            Matcher member = MEMBER.matcher(line);
            Matcher function = FUNCTION.matcher(line);
            if (struct.matches()) {
                type = Integer.parseInt(struct.group(1));
                assertThat(btf.size(type)).as(line).isEqualTo(Integer.parseInt(struct.group(2)));
            } else if (member.matches() && type != 0) {
                boolean isBitField = member.group(4) != null;
                int bits = Integer.parseInt(member.group(3));
                assertThat(btf.field(type, member.group(1)))
                        .as("%s in type %d", line, type)
                        .isEqualTo(
                                isBitField || bits % 8 != 0
                                        ? Optional.empty()
                                        : Optional.of(new Btf.Field(bits / 8, Integer.parseInt(member.group(2)))));
                fields++;
            } else if (line.startsWith("[")) {
                type = 0;
                if (function.matches()) {
                    assertThat(btf.function("kill_ioctx"))
                            .isEqualTo(OptionalInt.of(Integer.parseInt(function.group(1))));
                    functions++;
                }
            }
        }
        assertThat(fields).isGreaterThan(20_000);
        assertThat(functions).isEqualTo(1);
        assertThat(btf.enumerator("bpf_func_id", "BPF_FUNC_map_lookup_elem")).hasValue(1);
        assertThat(btf.field(btf.struct("kioctx").orElseThrow(), "reqs.percpu_count_ptr"))
                .isPresent();
    }
}
