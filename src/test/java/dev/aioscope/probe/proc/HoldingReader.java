package dev.aioscope.probe.proc;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import java.io.File;
import java.util.concurrent.TimeUnit;

/**
 * A reader that deterministically holds the memory of a process at its death: the kernel copies the header of a ring to a
 * missing page (userfaultfd) and holds the process's address space meanwhile. This kills the process, waits for its exit and
 * then provides the page, so the reader is the last user of the address space.
 */
final class HoldingReader {
    private static final int USERFAULTFD = Host.architecture().equals("x86_64") ? 323 : 282;
    private static final int O_CLOEXEC = 0x80000;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final long UFFDIO_API = 0xc018aa3fL;
    private static final long UFFDIO_REGISTER = 0xc020aa00L;
    private static final long UFFDIO_ZEROPAGE = 0xc020aa04L;
    private static final long API = 0xaa;
    private static final long MISSING = 1;

    private final long size = Libc.getpagesize();
    private final Pointer page =
            Libc.mmap(Pointer.NULL, size, Libc.PROT_READ | Libc.PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    private final int faults = (int) Libc.syscall(USERFAULTFD, O_CLOEXEC, 0, 0, 0, 0);
    private volatile int asked;

    private HoldingReader() {
        ioctl(UFFDIO_API, API, 0, 0);
        ioctl(UFFDIO_REGISTER, Pointer.nativeValue(page), size, MISSING, 0);
    }

    private void ioctl(long request, long... words) {
        try (Memory argument = new Memory(8L * words.length)) {
            argument.write(0, words, 0, words.length);
            Object[] arguments = {faults, new NativeLong(request), argument};
            if (Function.getFunction("c", "ioctl").invokeInt(arguments) != 0) {
                throw new IllegalStateException("userfaultfd: errno " + Libc.errno());
            }
        }
    }

    /** Answers questions until standard input ends. */
    public static void main(String[] arguments) throws InterruptedException {
        HoldingReader holding = new HoldingReader();
        Thread killer = new Thread(holding::killAndRelease, "killer");
        killer.setDaemon(true);
        killer.start();
        ProcReader reader = new ProcReader(holding.page.getByteBuffer(0, RingHeader.SIZE));
        HelperProcess.serve("ready", question -> {
            holding.asked = Integer.parseInt(question.substring(0, question.indexOf(' ')));
            return reader.answer(question);
        });
    }

    private void killAndRelease() {
        try (Memory message = new Memory(32)) {
            Libc.read(faults, message, message.size());
            ProcessHandle.of(asked).ifPresent(ProcessHandle::destroyForcibly);
            while (new File("/proc/" + asked).exists()) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
            ioctl(UFFDIO_ZEROPAGE, Pointer.nativeValue(page), size, 0, 0);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
