package dev.aioscope.demo;

import dev.aioscope.kernel.Aio;
import dev.aioscope.kernel.Aio.Opcode;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A small real workload: contexts that live and end in every way there is. It works on any file system, charges 64
 * events at most at any moment, and takes two seconds or so.
 */
public final class DemoWorkload {
    private static final int CHARGE = 8;
    private static final int IDLE = 3;
    private static final int LEFT_TO_EXIT = 3;
    private static final int MOST_CHARGED = 64;
    /** More than this is EINVAL before the quota is looked at (the ring would be too large). */
    private static final int LARGEST_SETUP = 4_000_000;

    private static final int DIRTY_BYTES = 32 << 20;
    private static final short POLLIN = 1;

    private final List<String> childCommand;
    private final Path folder;
    private final Set<Long> pids = ConcurrentHashMap.newKeySet();
    private int setups;
    private int destroys;
    private int leftToExit;
    private int refused;
    private int wrongHandles;

    /**
     * What the workload really did, to be compared with what the agent saw.
     *
     * @param setups io_setup calls that returned 0
     * @param destroys io_destroy calls that returned 0
     * @param leftToExit contexts that only the exit of their process ended
     * @param refused io_setup calls that got EAGAIN
     * @param wrongHandles io_destroy calls that got EINVAL
     */
    public record Truth(int setups, int destroys, int leftToExit, int refused, int wrongHandles) {}

    /** What it has done so far. */
    public Truth done() {
        return new Truth(setups, destroys, leftToExit, refused, wrongHandles);
    }

    /**
     * Prepares the workload.
     *
     * @param folder where it may make a file of 32 MiB for a moment
     * @param childCommand starts another Java process that calls {@link #leaveToExit}
     */
    public DemoWorkload(Path folder, List<String> childCommand) {
        this.folder = folder;
        this.childCommand = List.copyOf(childCommand);
        pids.add(ProcessHandle.current().pid());
    }

    /**
     * Does all of it, once.
     *
     * @param says is told each step before it is done
     * @throws IOException if the host does not let it: the message names the step and the cause
     */
    public Truth run(Consumer<String> says) throws IOException {
        requireRoom();
        says.accept(
                IDLE + " idle contexts, destroyed one after the other: each waits for two RCU grace periods, no more");
        for (int i = 0; i < IDLE; i++) {
            destroy(setup());
        }
        destroyWithSync(says);
        destroyWithPoll(says);
        destroyWithReader(says);
        wrongHandles(says);
        refused(says);
        exit(says);
        return done();
    }

    /** The processes of the workload, as far as they have been started. */
    public boolean isOurs(int pid) {
        return pids.contains((long) pid);
    }

    private static void requireRoom() throws IOException {
        long limit = Host.aioMaxNr().orElseThrow(() -> new IOException("this kernel has no native AIO (CONFIG_AIO)"));
        long used = Host.aioNr().orElse(0L);
        if (limit - used < MOST_CHARGED) {
            throw new IOException("the quota is nearly used up (fs.aio-nr " + used + " of fs.aio-max-nr " + limit
                    + "): the demonstration would take from others. Raise it: sysctl fs.aio-max-nr="
                    + (used + 2 * MOST_CHARGED));
        }
    }

    /** An fdatasync runs in a kworker: it is outstanding until the data is on the disk. */
    private void destroyWithSync(Consumer<String> says) throws IOException {
        says.accept(
                "a destroy with an fdatasync of " + (DIRTY_BYTES >> 20) + " MiB outstanding: it waits for the disk");
        Path file = Files.createTempFile(folder, "aioscope-demo", ".dat");
        int fd = Aio.create(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
            for (int written = 0; written < DIRTY_BYTES; written += zeros.capacity()) {
                channel.write(zeros.clear());
            }
            long handle = setup();
            require(Aio.submit(handle, Opcode.FDSYNC, fd, 0), 1, "io_submit of an fdatasync");
            destroy(handle);
        } finally {
            Libc.close(fd);
            Files.delete(file);
        }
    }

    private void destroyWithPoll(Consumer<String> says) throws IOException {
        says.accept("a destroy with a poll outstanding: the only kind of request that is cancelled");
        int[] pipe = Aio.pipe();
        long handle = setup();
        require(Aio.submit(handle, Opcode.POLL, pipe[0], POLLIN), 1, "io_submit of a poll");
        destroy(handle);
        close(pipe);
    }

    /** A read of an empty pipe blocks inside io_submit, where its thread holds on to the context. */
    private void destroyWithReader(Consumer<String> says) throws IOException {
        says.accept("a destroy while another thread sits in io_submit on the context: it waits 300 ms for that thread");
        int[] pipe = Aio.pipe();
        long handle = setup();
        Thread reader = new Thread(() -> Aio.readOneByte(handle, pipe[0]), "demo-reader");
        reader.start();
        awaitBlocked(reader);
        Thread release = new Thread(() -> writeLater(pipe[1]), "demo-release");
        release.start();
        destroy(handle);
        join(reader);
        join(release);
        close(pipe);
    }

    /** Until the thread sits in io_submit: the kernel shows the system call in which a thread blocks. */
    static void awaitBlocked(Thread reader) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (System.nanoTime() < deadline && reader.isAlive()) {
            if (Aio.isThreadInSubmit()) {
                return;
            }
            Thread.onSpinWait();
        }
        throw new IOException("a thread that reads an empty pipe did not block in io_submit");
    }

    private static void writeLater(int fd) {
        try {
            TimeUnit.MILLISECONDS.sleep(300);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Libc.write(fd, new byte[1], 1);
    }

    private void wrongHandles(Consumer<String> says) throws IOException {
        says.accept("io_destroy of 0 and of a handle that was destroyed before: EINVAL, both times");
        long handle = setup();
        destroy(handle);
        require(Aio.destroy(handle), -Errno.EINVAL, "io_destroy of a destroyed handle");
        require(Aio.destroy(0), -Errno.EINVAL, "io_destroy of 0");
        wrongHandles += 2;
    }

    private void refused(Consumer<String> says) throws IOException {
        long limit = Host.aioMaxNr().orElse(0L);
        if (limit >= LARGEST_SETUP) {
            says.accept("no refused io_setup: the quota (" + limit + ") is larger than any context can be");
            return;
        }
        says.accept("io_setup of more than the whole quota (" + limit + "): refused with EAGAIN, nothing is charged");
        require(Aio.setup((int) limit + 1, new long[1]), -Errno.EAGAIN, "io_setup of too many");
        refused++;
    }

    private void exit(Consumer<String> says) throws IOException {
        says.accept("a process that ends without destroying its " + LEFT_TO_EXIT
                + " contexts: the kernel does it, in exit_aio");
        Process child = start(childCommand);
        pids.add(child.pid());
        runToItsEnd(child, "the process that exits");
        setups += LEFT_TO_EXIT;
        leftToExit += LEFT_TO_EXIT;
    }

    static Process start(List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    static void runToItsEnd(Process child, String what) throws IOException {
        try {
            if (!child.waitFor(30, TimeUnit.SECONDS)) {
                child.destroyForcibly();
                throw new IOException(what + " is still there after 30 s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        require(child.exitValue(), 0, what);
    }

    /** What the other process does before it ends. */
    public static void leaveToExit() throws IOException {
        for (int i = 0; i < LEFT_TO_EXIT; i++) {
            setUp();
        }
    }

    private long setup() throws IOException {
        long handle = setUp();
        setups++;
        return handle;
    }

    static long setUp() throws IOException {
        long[] handle = new long[1];
        require(Aio.setup(CHARGE, handle), 0, "io_setup of " + CHARGE);
        return handle[0];
    }

    private void destroy(long handle) throws IOException {
        require(Aio.destroy(handle), 0, "io_destroy");
        destroys++;
    }

    static void require(int result, int expected, String what) throws IOException {
        if (result != expected) {
            throw new IOException(what + " returned " + (result < 0 ? Errno.describe(-result) : "" + result)
                    + " and not " + (expected < 0 ? Errno.describe(-expected) : "" + expected));
        }
    }

    private static void close(int[] pipe) {
        Libc.close(pipe[0]);
        Libc.close(pipe[1]);
    }

    static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
