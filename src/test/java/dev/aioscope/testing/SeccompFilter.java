package dev.aioscope.testing;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.JavaCommand;
import dev.aioscope.kernel.Libc;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Refuses system calls of a process, as a container's seccomp profile does. */
public final class SeccompFilter {
    private static final boolean X86 = Host.architecture().equals("x86_64");
    /** The number of io_setup. */
    public static final int IO_SETUP = X86 ? 206 : 0;

    /** The number of bpf. */
    public static final int BPF = X86 ? 321 : 280;

    /** The number of fsopen, with which a mount begins. */
    public static final int FSOPEN = 430;

    private static final int PRCTL = X86 ? 157 : 167;
    private static final int SECCOMP = X86 ? 317 : 277;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int SET_MODE_FILTER = 1;
    private static final int FLAG_TSYNC = 1;
    private static final long ERRNO = 0x50000;
    private static final long ALLOW = 0x7fff0000;

    private SeccompFilter() {}

    /** Runs a command in which this call returns the error. */
    public static String[] command(int call, int errno, String... command) {
        String[] arguments = Stream.concat(Stream.of("" + call, "" + errno), Stream.of(command))
                .toArray(String[]::new);
        return JavaCommand.command(SeccompFilter.class, 64, arguments).toArray(String[]::new);
    }

    /** Takes the number of the call, the error and the command. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        refuse(Integer.parseInt(arguments[0]), Integer.parseInt(arguments[1]));
        List<String> command = Arrays.asList(arguments).subList(2, arguments.length);
        System.exit(new ProcessBuilder(command).inheritIO().start().waitFor());
    }

    /** Makes this call return the error in all threads from now on. */
    private static void refuse(int call, int errno) {
        long[] filter = {
            0x20, // load the number of the call
            0x15 | (1L << 24) | ((long) call << 32), // skip the next instruction unless it is this one
            0x06 | ((ERRNO | errno) << 32),
            0x06 | (ALLOW << 32),
        };
        try (Memory instructions = new Memory(8L * filter.length);
                Memory program = new Memory(16)) {
            instructions.write(0, filter, 0, filter.length);
            program.setShort(0, (short) filter.length);
            program.setPointer(8, instructions);
            if (Libc.syscall(PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                    || Libc.syscall(SECCOMP, SET_MODE_FILTER, FLAG_TSYNC, Pointer.nativeValue(program), 0, 0) != 0) {
                throw new IllegalStateException("cannot install a seccomp filter: errno " + Libc.errno());
            }
        }
    }
}
