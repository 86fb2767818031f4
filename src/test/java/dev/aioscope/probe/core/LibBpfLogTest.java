package dev.aioscope.probe.core;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import com.sun.management.ThreadMXBean;
import dev.aioscope.kernel.Errno;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

class LibBpfLogTest {
    private static final String FORMAT = "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n%s-- END PROG LOAD LOG --\n";

    private static Memory text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Memory memory = new Memory(bytes.length + 1L);
        memory.write(0, bytes, 0, bytes.length);
        memory.setByte(bytes.length, (byte) 0);
        return memory;
    }

    /** Prints with a va_list of x86-64 with one argument on the stack; the callback uses it up. */
    private static void print(LibBpfLog log, Memory format, Memory argument) {
        try (Memory stack = new Memory(8);
                Memory arguments = new Memory(24)) {
            stack.setPointer(0, argument);
            arguments.clear();
            arguments.setInt(0, 48); // no registers left
            arguments.setInt(4, 176);
            arguments.setPointer(8, stack);
            log.print(0, format, arguments);
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "os.arch", matches = "amd64")
    void namesErrorOfKernelOnce() {
        LibBpfLog log = new LibBpfLog();
        try (Memory format = text("libbpf: prog 'p': failed to attach: %s\n");
                Memory argument = text("ERROR: strerror_r(-524)=22")) {
            print(log, format, argument);
        }
        assertThat(log.last(Errno.describe(524)))
                .isEqualTo("failed to attach: ENOTSUPP (not supported by this kernel)");
        assertThat(log.last(Errno.describe(Errno.EPERM)))
                .endsWith("ENOTSUPP (not supported by this kernel) – EPERM (operation not permitted)");
    }

    /** The daemon has a heap of 64 MiB. */
    @Test
    @EnabledIfSystemProperty(named = "os.arch", matches = "amd64")
    void keepsEndOfLargestVerifierLogInLittleHeap() {
        LibBpfLog log = new LibBpfLog();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Memory format = text(FORMAT);
                Memory argument = text("0: (b7) r0 = 0\n".repeat(1_100_000) + "invalid mem access\n")) {
            print(log, format, argument); // loads classes
            log.clear();
            long before = threads.getCurrentThreadAllocatedBytes();
            print(log, format, argument);
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(2 << 20);
        }
        assertThat(log.lines()).hasSize(40).endsWith("invalid mem access", "-- END PROG LOAD LOG --");
        assertThat(log.failure(22).reason()).startsWith("EINVAL").endsWith("invalid mem access");
    }
}
