package dev.aioscope.demo;

import dev.aioscope.kernel.Aio;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Libc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A real workload that puts every clause to the test that a program can: the demonstration's, and all that a program can
 * do wrong. What cannot be undone it does in processes of their own, which end.
 */
public final class AuditWorkload {
    /** What the last context charges, by which it is known: when its end is told, so is all before it. */
    public static final int LAST_CHARGE = 3;

    private static final int ROUNDS = 20;
    private static final long JUNK = 0xdead_beef_f000L;
    private static final int READS = 4;

    private final DemoWorkload demo;
    private final @Nullable Path device;
    private final List<String> childCommand;
    private final Consumer<String> says;

    /**
     * Prepares the workload.
     *
     * @param demo the first part of it
     * @param device a block device to read from past the page cache, so that requests are outstanding for certain; null
     *     to rely on the demonstration's fdatasync
     * @param childCommand starts another Java process that calls {@link #inChild} with the arguments appended here
     * @param says is told each step before it is done
     */
    public AuditWorkload(DemoWorkload demo, @Nullable Path device, List<String> childCommand, Consumer<String> says) {
        this.demo = demo;
        this.device = device;
        this.childCommand = List.copyOf(childCommand);
        this.says = says;
    }

    /**
     * Does all of it.
     *
     * @throws IOException if the host does not let it: the message names the step and the cause
     */
    public void run() throws IOException {
        demo.run(says);
        if (device != null) {
            destroyWithReads(device);
        }
        says.accept("io_destroy of a number that was never a handle: EINVAL");
        DemoWorkload.require(Aio.destroy(JUNK), -Errno.EINVAL, "io_destroy of a number");
        destroyedHandle();
        simultaneous();
        corrupted();
        says.accept("memory of our own in place of a ring: the destroy succeeds, and unmaps it");
        long covered = DemoWorkload.setUp();
        Aio.coverRing(covered);
        destroy(covered);
        otherProcess();
        killed();
        long[] last = new long[1];
        DemoWorkload.require(Aio.setup(LAST_CHARGE, last), 0, "io_setup of " + LAST_CHARGE);
        destroy(last[0]);
    }

    private void destroyWithReads(Path from) throws IOException {
        says.accept("a destroy with " + READS + " reads of " + from + " outstanding: it waits for them");
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
        says.accept("io_submit and io_getevents with a handle that was destroyed before: EINVAL, both times");
        long handle = DemoWorkload.setUp();
        destroy(handle);
        DemoWorkload.require(Aio.submitNothing(handle), -Errno.EINVAL, "io_submit with a destroyed handle");
        DemoWorkload.require(Aio.getNothing(handle), -Errno.EINVAL, "io_getevents with a destroyed handle");
    }

    private void simultaneous() throws IOException {
        says.accept(ROUNDS + " times two threads that destroy one context: one gets 0, the other EINVAL");
        for (int round = 0; round < ROUNDS; round++) {
            long handle = DemoWorkload.setUp();
            int[] results = new int[2];
            CyclicBarrier start = new CyclicBarrier(2);
            Thread other = new Thread(() -> results[1] = destroyAt(start, handle), "audit-rival");
            other.start();
            results[0] = destroyAt(start, handle);
            DemoWorkload.join(other);
            DemoWorkload.require(results[0] + results[1], -Errno.EINVAL, "two io_destroy of one context, in all,");
        }
    }

    private static int destroyAt(CyclicBarrier start, long handle) {
        try {
            start.await(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (BrokenBarrierException | java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException("the rival did not come", e);
        }
        return Aio.destroy(handle);
    }

    private void corrupted() throws IOException {
        says.accept("a ring whose id is overwritten: EINVAL, until it is put right");
        long handle = DemoWorkload.setUp();
        int id = Aio.ringId(handle);
        Aio.setRingId(handle, 0xdead);
        DemoWorkload.require(Aio.destroy(handle), -Errno.EINVAL, "io_destroy with a damaged ring");
        Aio.setRingId(handle, id);
        destroy(handle);
    }

    private void otherProcess() throws IOException {
        says.accept(
                "another process: destroys a handle of ours and a context whose ring it has unmapped: EINVAL, twice");
        long handle = DemoWorkload.setUp();
        DemoWorkload.runToItsEnd(child(Long.toString(handle)), "the process that misuses handles");
        destroy(handle);
    }

    private void killed() throws IOException {
        says.accept("a process that gets SIGKILL inside io_destroy: the call ends only when its requests have");
        Process process = child("killed");
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!Aio.isThreadInDestroy(process.pid())) {
                if (System.nanoTime() > deadline || !process.isAlive()) {
                    throw new IOException("the process that is to be killed did not get into io_destroy");
                }
                TimeUnit.MILLISECONDS.sleep(5);
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
        List<String> command = new ArrayList<>(childCommand);
        command.add(argument);
        return DemoWorkload.start(command);
    }

    /** What the other processes do before they end. */
    public static void inChild(String argument) throws IOException {
        if (argument.equals("killed")) {
            awaitKill();
            return;
        }
        DemoWorkload.require(
                Aio.destroy(Long.parseLong(argument)), -Errno.EINVAL, "io_destroy of another process's handle");
        long unmapped = DemoWorkload.setUp();
        Aio.unmapRing(unmapped);
        DemoWorkload.require(Aio.destroy(unmapped), -Errno.EINVAL, "io_destroy of a context without its ring");
    }

    /** Another thread holds on to the context until the signal ends its read of an empty pipe. */
    private static void awaitKill() throws IOException {
        int[] pipe = Aio.pipe();
        long handle = DemoWorkload.setUp();
        Thread reader = new Thread(() -> Aio.readOneByte(handle, pipe[0]), "audit-reader");
        reader.start();
        DemoWorkload.awaitBlocked(reader);
        destroy(handle);
    }
}
