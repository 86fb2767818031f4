package dev.aioscope.demo;

import dev.aioscope.kernel.Aio;
import dev.aioscope.kernel.Aio.Opcode;
import dev.aioscope.kernel.ChildPatience;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.JavaCommand;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.LocalProcess;
import dev.aioscope.kernel.PidNamespace;
import dev.aioscope.kernel.ProcMount;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.probe.HostCauseException;
import dev.aioscope.probe.Quota;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A small AIO workload that ends contexts in every possible way. It works on any file system, charges at most 64 events
 * at a time, and takes about two seconds. Not thread-safe, except {@link #isOurs}.
 */
public final class DemoWorkload {
    private static final int CHARGE = 8;
    private static final int IDLE = 3;
    private static final int LEFT_TO_EXIT = 3;
    private static final BigInteger MAX_CHARGE = BigInteger.valueOf(64);
    /** For more, io_setup returns EINVAL before it checks the quota, because the ring would be too large. */
    private static final BigInteger LARGEST_SETUP = BigInteger.valueOf(4_000_000);

    private static final int DIRTY_BYTES = 32 << 20;
    private static final short POLLIN = 1;
    private static final int MAX_CHILD_MEGABYTES = 32;
    static final Duration CHILD_LIMIT = Duration.ofSeconds(30);
    /** For a thread of this process to start. */
    static final Duration THREAD_LIMIT = Duration.ofSeconds(30);

    private final List<String> childCommand;
    private final Path directory;
    private final PidNamespace namespace = PidNamespace.read();
    private final Set<LocalProcess> processes = ConcurrentHashMap.newKeySet();
    private int setups;
    private int destroys;
    private int leftToExit;
    private int refused;
    private int wrongHandles;

    /**
     * What the workload did, to compare with what the agent observed.
     *
     * @param setups io_setup calls that returned 0
     * @param destroys io_destroy calls that returned 0
     * @param leftToExit contexts that the exit of their process destroyed
     * @param refused io_setup calls that returned EAGAIN
     * @param wrongHandles io_destroy calls that returned EINVAL
     */
    public record Truth(int setups, int destroys, int leftToExit, int refused, int wrongHandles) {}

    /** The calls so far. */
    public Truth done() {
        return new Truth(setups, destroys, leftToExit, refused, wrongHandles);
    }

    /** The process that exits with live contexts. */
    static final class ExitingProcess {
        private ExitingProcess() {}

        /** Creates contexts and returns. */
        public static void main(String[] args) throws IOException {
            for (int i = 0; i < LEFT_TO_EXIT; i++) {
                setUp();
            }
        }
    }

    /**
     * A workload that has not run.
     *
     * @param directory for a temporary file of 32 MiB
     */
    public DemoWorkload(Path directory) {
        this(directory, JavaCommand.command(ExitingProcess.class, MAX_CHILD_MEGABYTES));
    }

    /** As above, with the command line of the process that exits with live contexts. */
    DemoWorkload(Path directory, List<String> childCommand) {
        this.directory = directory;
        this.childCommand = List.copyOf(childCommand);
        processes.add(LocalProcess.of(ProcessHandle.current().pid()));
    }

    /**
     * Runs all steps once.
     *
     * @param progress receives the description of each step before the step
     * @throws IOException if a call does not return the expected result; names the step and the cause
     */
    public Truth run(Consumer<String> progress) throws IOException {
        requireRoom();
        progress.accept(IDLE + " idle contexts, destroyed in turn: each waits for two RCU grace periods only");
        for (int i = 0; i < IDLE; i++) {
            destroy(setup());
        }
        destroyWithSync(progress);
        destroyWithPoll(progress);
        destroyWithReader(progress);
        wrongHandles(progress);
        refused(progress);
        exit(progress);
        return done();
    }

    /** Whether this thread belongs to the workload; from any thread. */
    public boolean isOurs(@Nullable Task task) {
        return task != null
                && processes.stream().anyMatch(process -> process.is(task.pid(), task.processStart(), namespace));
    }

    private static void requireRoom() throws IOException {
        ProcMount.ofUnreadableQuota().ifPresent(cause -> {
            throw new HostCauseException("cannot run the workload", cause);
        });
        Quota quota = Quota.read();
        BigInteger headroom = quota.headroom();
        BigInteger used = quota.aioNr();
        if (headroom != null && used != null && headroom.compareTo(MAX_CHARGE) < 0) {
            throw new IOException("cannot run the workload: the quota is nearly exhausted (fs.aio-nr " + used
                    + " of fs.aio-max-nr " + quota.aioMaxNr() + ") (hint: sysctl fs.aio-max-nr="
                    + used.add(MAX_CHARGE.shiftLeft(1)) + ")");
        }
    }

    /** A kworker runs the fdatasync; the request is outstanding until the data is on disk. */
    private void destroyWithSync(Consumer<String> progress) throws IOException {
        progress.accept(
                "io_destroy with an fdatasync of " + (DIRTY_BYTES >> 20) + " MiB outstanding: waits for the disk");
        Path file = Files.createTempFile(directory, "aioscope-demo", ".dat");
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

    private void destroyWithPoll(Consumer<String> progress) throws IOException {
        progress.accept("io_destroy with a poll outstanding: the only request type that the kernel cancels");
        int[] pipe = Aio.pipe();
        long handle = setup();
        require(Aio.submit(handle, Opcode.POLL, pipe[0], POLLIN), 1, "io_submit of a poll");
        destroy(handle);
        close(pipe);
    }

    /** A read of an empty pipe blocks inside io_submit, where its thread holds a reference to the context. */
    private void destroyWithReader(Consumer<String> progress) throws IOException {
        progress.accept(
                "io_destroy while another thread is inside io_submit on the context: waits 300 ms for that thread");
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

    /** Waits until the thread blocks in io_submit; the kernel shows the system call of a blocked thread. */
    static void awaitBlocked(Thread reader) throws IOException {
        long deadline = System.nanoTime() + THREAD_LIMIT.toNanos();
        while (System.nanoTime() < deadline && reader.isAlive()) {
            if (Aio.isThreadInSubmit()) {
                return;
            }
            Thread.onSpinWait();
        }
        throw new IOException(
                "the reader of an empty pipe did not block in io_submit within " + THREAD_LIMIT.toSeconds() + " s");
    }

    private static void writeLater(int fd) {
        try {
            TimeUnit.MILLISECONDS.sleep(300);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Libc.write(fd, new byte[1], 1);
    }

    private void wrongHandles(Consumer<String> progress) throws IOException {
        progress.accept("io_destroy of 0 and of a destroyed handle: EINVAL for both");
        long handle = setup();
        destroy(handle);
        require(Aio.destroy(handle), -Errno.EINVAL, "io_destroy of a destroyed handle");
        require(Aio.destroy(0), -Errno.EINVAL, "io_destroy of 0");
        wrongHandles += 2;
    }

    private void refused(Consumer<String> progress) throws IOException {
        BigInteger limit = Host.aioMaxNr().orElse(LARGEST_SETUP);
        if (limit.compareTo(LARGEST_SETUP) >= 0) {
            progress.accept("no refused io_setup: the quota (" + limit + ") exceeds the largest possible context");
            return;
        }
        progress.accept("io_setup of more than the whole quota (" + limit + "): refused with EAGAIN, without a charge");
        require(Aio.setup(limit.intValue() + 1, new long[1]), -Errno.EAGAIN, "io_setup of too many");
        refused++;
    }

    private void exit(Consumer<String> progress) throws IOException {
        progress.accept(
                "a process that exits with " + LEFT_TO_EXIT + " live contexts: the kernel destroys them in exit_aio");
        Process child = start(childCommand);
        processes.add(LocalProcess.of(child.pid()));
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
            Boolean exited = ChildPatience.await(
                    child.pid(), CHILD_LIMIT, nanos -> child.waitFor(nanos, TimeUnit.NANOSECONDS) ? true : null);
            if (exited == null) {
                child.destroyForcibly();
                throw new IOException(what + " did not exit within " + CHILD_LIMIT.toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        require(child.exitValue(), 0, what);
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
            Aio.refusal(what.replaceFirst(" .*", ""), result).ifPresent(cause -> {
                throw new HostCauseException("cannot run the workload", cause);
            });
            throw new IOException(what + " returned " + (result < 0 ? Errno.describe(-result) : "" + result)
                    + ", expected " + (expected < 0 ? Errno.describe(-expected) : "" + expected));
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
