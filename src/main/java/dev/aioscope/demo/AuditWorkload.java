package dev.aioscope.demo;

import dev.aioscope.kernel.Aio;
import dev.aioscope.kernel.ChildPatience;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.JavaCommand;
import dev.aioscope.kernel.Libc;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Teardown;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A workload that exercises every clause that a program can: {@link DemoWorkload}, and common programming errors. It runs
 * irreversible steps in child processes. Not thread-safe.
 */
public final class AuditWorkload {
    /** The charge of the last context, whose teardown ends the workload. */
    private static final int LAST_CHARGE = 3;

    private static final int ROUNDS = 20;
    private static final long JUNK = 0xdead_beef_f000L;
    private static final int READS = 4;
    private static final int MAX_CHILD_MEGABYTES = 32;
    private static final String GET_KILLED = "killed";

    private final DemoWorkload demo;
    private final @Nullable Path device;
    private final Consumer<String> progress;
    private final CountDownLatch ended = new CountDownLatch(1);

    /**
     * A workload that has not run.
     *
     * @param directory for a temporary file of 32 MiB
     * @param device a block device to read with O_DIRECT, so that requests are outstanding for certain; null to rely on
     *     the fdatasync of the demo workload
     * @param progress receives the description of each step before the step
     */
    public AuditWorkload(Path directory, @Nullable Path device, Consumer<String> progress) {
        this.demo = new DemoWorkload(directory);
        this.device = device;
        this.progress = progress;
    }

    /**
     * Runs all steps once.
     *
     * @throws IOException if a call does not return the expected result; names the step and the cause
     */
    public void run() throws IOException {
        demo.run(progress);
        if (device != null) {
            destroyWithReads(device);
        }
        progress.accept("io_destroy of a number that was never a handle: EINVAL");
        DemoWorkload.require(Aio.destroy(JUNK), -Errno.EINVAL, "io_destroy of a number");
        destroyedHandle();
        simultaneous();
        corrupted();
        progress.accept("a ring replaced by other memory: io_destroy succeeds, and unmaps it");
        long covered = DemoWorkload.setUp();
        Aio.coverRing(covered);
        destroy(covered);
        otherProcess();
        killed();
        long[] last = new long[1];
        DemoWorkload.require(Aio.setup(LAST_CHARGE, last), 0, "io_setup of " + LAST_CHARGE);
        destroy(last[0]);
    }

    /** Receives the observed teardowns, so that {@link #awaitEnd} notices the last one. */
    public LifecycleListener listener() {
        return new LifecycleListener() {
            @Override
            public void onTeardown(Teardown teardown) {
                if (demo.isOurs(teardown.context().owner())
                        && Objects.equals(teardown.context().maxReqs(), LAST_CHARGE)) {
                    ended.countDown();
                }
            }
        };
    }

    /** Waits until the last teardown is observed; false after the timeout. */
    public boolean awaitEnd(Duration timeout) throws InterruptedException {
        return ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void destroyWithReads(Path from) throws IOException {
        progress.accept("io_destroy with " + READS + " reads of " + from + " outstanding: waits for them");
        int fd = Aio.openDirect(from);
        try {
            long handle = DemoWorkload.setUp();
            for (int i = 0; i < READS; i++) {
                DemoWorkload.require(Aio.readBlock(handle, fd), 1, "io_submit of a read of " + from);
            }
            destroy(handle);
        } finally {
            Libc.close(fd);
        }
    }

    private void destroyedHandle() throws IOException {
        progress.accept("io_submit and io_getevents with a destroyed handle: EINVAL for both");
        long handle = DemoWorkload.setUp();
        destroy(handle);
        DemoWorkload.require(Aio.submitNothing(handle), -Errno.EINVAL, "io_submit with a destroyed handle");
        DemoWorkload.require(Aio.getNothing(handle), -Errno.EINVAL, "io_getevents with a destroyed handle");
    }

    private void simultaneous() throws IOException {
        progress.accept(ROUNDS + " times two threads destroy one context: one gets 0, the other EINVAL");
        for (int round = 0; round < ROUNDS; round++) {
            long handle = DemoWorkload.setUp();
            int[] results = new int[2];
            CyclicBarrier start = new CyclicBarrier(2);
            Thread other = new Thread(() -> results[1] = destroyAt(start, handle), "audit-rival");
            other.start();
            results[0] = destroyAt(start, handle);
            DemoWorkload.join(other);
            DemoWorkload.require(results[0] + results[1], -Errno.EINVAL, "the sum of two io_destroy of one context");
        }
    }

    private static int destroyAt(CyclicBarrier start, long handle) {
        try {
            start.await(DemoWorkload.THREAD_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (BrokenBarrierException | java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException(
                    "the other thread did not start within " + DemoWorkload.THREAD_LIMIT.toSeconds() + " s", e);
        }
        return Aio.destroy(handle);
    }

    private void corrupted() throws IOException {
        progress.accept("a ring with an overwritten ID: EINVAL, until the ID is restored");
        long handle = DemoWorkload.setUp();
        int id = Aio.ringId(handle);
        Aio.setRingId(handle, 0xdead);
        DemoWorkload.require(Aio.destroy(handle), -Errno.EINVAL, "io_destroy with a damaged ring");
        Aio.setRingId(handle, id);
        destroy(handle);
    }

    private void otherProcess() throws IOException {
        progress.accept(
                "another process destroys a handle of this one, and a context with an unmapped ring: EINVAL for both");
        long handle = DemoWorkload.setUp();
        DemoWorkload.runToItsEnd(child(Long.toString(handle)), "the process that misuses handles");
        destroy(handle);
    }

    private void killed() throws IOException {
        progress.accept("SIGKILL inside io_destroy: the call returns only after its requests complete");
        Process process = child(GET_KILLED);
        try {
            Boolean entered = ChildPatience.await(process.pid(), DemoWorkload.CHILD_LIMIT, nanos -> {
                TimeUnit.MILLISECONDS.sleep(5);
                return Aio.isThreadInDestroy(process.pid()) ? Boolean.TRUE : process.isAlive() ? null : Boolean.FALSE;
            });
            if (!Boolean.TRUE.equals(entered)) {
                throw new IOException("the child process did not enter io_destroy within "
                        + DemoWorkload.CHILD_LIMIT.toSeconds() + " s");
            }
            process.destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
        }
    }

    private static void destroy(long handle) throws IOException {
        DemoWorkload.require(Aio.destroy(handle), 0, "io_destroy");
    }

    private Process child(String argument) throws IOException {
        return DemoWorkload.start(JavaCommand.command(MisbehavingProcess.class, MAX_CHILD_MEGABYTES, argument));
    }

    /** The process that misuses handles, or waits for SIGKILL inside io_destroy. */
    static final class MisbehavingProcess {
        private MisbehavingProcess() {}

        /** Runs one step. */
        public static void main(String[] args) throws IOException {
            if (args[0].equals(GET_KILLED)) {
                awaitKill();
            } else {
                misuse(Long.parseLong(args[0]));
            }
        }
    }

    private static void misuse(long foreign) throws IOException {
        DemoWorkload.require(Aio.destroy(foreign), -Errno.EINVAL, "io_destroy of another process's handle");
        long unmapped = DemoWorkload.setUp();
        Aio.unmapRing(unmapped);
        DemoWorkload.require(Aio.destroy(unmapped), -Errno.EINVAL, "io_destroy of a context without its ring");
    }

    /** Another thread holds a reference to the context until the signal interrupts its read of an empty pipe. */
    private static void awaitKill() throws IOException {
        int[] pipe = Aio.pipe();
        long handle = DemoWorkload.setUp();
        Thread reader = new Thread(() -> Aio.readOneByte(handle, pipe[0]), "audit-reader");
        reader.start();
        DemoWorkload.awaitBlocked(reader);
        destroy(handle);
    }
}
