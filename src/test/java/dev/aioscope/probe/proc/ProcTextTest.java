package dev.aioscope.probe.proc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Mutation;
import dev.aioscope.probe.proc.ProcText.HandleCall;
import dev.aioscope.probe.proc.ProcText.Mount;
import dev.aioscope.probe.proc.ProcText.RingMapping;
import dev.aioscope.probe.proc.ProcText.StackFrame;
import dev.aioscope.probe.proc.Witness.ContextCall;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The texts are those of real kernels; what they are turned into by chance must not hurt. */
class ProcTextTest {
    private static final String RING =
            "7f9b5b2e7000-7f9b5b2e9000 rw-s 00000000 00:13 66051                      /[aio] (deleted)";
    private static final String DESTROY = (Host.architecture().equals("x86_64") ? "207" : "1")
            + " 0x7f1b16853000 0x0 0x7f1b166f05e3 0x561f3ba10220 0x2 0x7f1b15e646c0 0x7f1b15e63ec8 0x7f1b1676a829";
    private static final String GETEVENTS = (Host.architecture().equals("x86_64") ? "208" : "4")
            + " 0x7f1b16853000 0x1 0x1 0x7f1b16851000 0x0 0x0 0x7f1b15e63e98 0x7f1b1676a829";
    private static final String STACK =
            "[<0>] exit_aio+0x105/0x120\n[<0>] __mmput+0x19/0x130\n[<0>] do_exit+0x2f4/0xa60";
    private static final String LOCKED =
            "[<0>] rwsem_down_write_slowpath+0x2ab/0x5f0\n[<0>] vm_munmap+0x6d/0x170\n[<0>] kill_ioctx+0xc5/0x130";
    private static final String STATUS =
            "Name:\taiowork\nThreads:\t1\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000100\nSigBlk:\t0000000000000000";
    private static final String CGROUP = "4:memory:/a\n1:name=systemd:/init.scope\n0::/system.slice/db.service";
    private static final String MOUNTS =
            "proc /proc proc rw,relatime 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0";

    /** Of a 32-bit program: on x86-64 fchown32, on arm64 exit. */
    private static final String OF_32_BITS =
            DESTROY.replaceFirst(" .*", "") + " 0x10000 0x0 0x0 0x0 0x0 0x0 0xff8f3a5c 0xf7f4a559";

    @Test
    void ignores32BitCallWithNumberOfIoDestroy() {
        assertThat(ProcText.callOnContext(OF_32_BITS)).isEmpty();
        assertThat(ProcText.isIn32BitCall(OF_32_BITS)).isTrue();
        assertThat(ProcText.isIn32BitCall(DESTROY)).isFalse();
        // A static program has its code below 4 GiB, another one may have a stack there.
        assertThat(ProcText.isIn32BitCall(DESTROY.replaceFirst("0x[0-9a-f]+$", "0x401729")))
                .isFalse();
        assertThat(ProcText.callOnContext(DESTROY.replaceFirst("0x[0-9a-f]+ 0x[0-9a-f]+$", "0x40bffe10 0x401729")))
                .isPresent();
    }

    @Test
    void parsesRing() {
        assertThat(ProcText.ring(RING)).contains(new RingMapping(0x7f9b5b2e7000L, 66051, 255));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "7f9b5b2e7000-7f9b5b2e9000 rw-s 00000000 fe:00 66051                      /[aio] (deleted)",
                "7f9b5b2e7000-7f9b5b2e9000 rw-p 00000000 00:13 66051                      /[aio] (deleted)",
                "7f9b5b2e7000-7f9b5b2e9000 rw-s 00000000 00:13 66051                      /tmp/[aio] (deleted)",
                "7f9b5b2e7000-7f9b5b2e9000 rw-s 00000000 00:13 66051                      /[aio] (deleted) x",
                "7f9b5b2e7001-7f9b5b2e9000 rw-s 00000000 00:13 66051                      /[aio] (deleted)",
                "7f9b5b2e9000-7f9b5b2e7000 rw-s 00000000 00:13 66051                      /[aio] (deleted)",
                "0-ffffffffff000 rw-s 00000000 00:13 66051                      /[aio] (deleted)",
                "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]",
            })
    void ignoresOtherMappings(String line) {
        assertThat(ProcText.ring(line)).isEmpty();
    }

    @Test
    void parsesCallWithHandle() {
        assertThat(ProcText.callOnContext(DESTROY)).contains(new HandleCall(ContextCall.IO_DESTROY, 0x7f1b16853000L));
        assertThat(ProcText.callOnContext(GETEVENTS))
                .contains(new HandleCall(ContextCall.IO_GETEVENTS, 0x7f1b16853000L));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "running",
                "-1 0x7ffc 0x7f00",
                "0 0x1000 0x7ffdab1d68f0 0x10 0x7ffdab1d67c7 0x0 0x75 0x7ffdab1d68c0 0x7f1b167612ec",
                "207 0x3 0x0 0x0 0x0 0x0 0x0 0x7f1b15e63ec8 0x7f1b1676a829",
                "207",
            })
    void ignoresOtherCalls(String syscall) {
        assertThat(ProcText.callOnContext(syscall)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "exit_aio               | true",
                "exit_aio_now           | false",
                "__x64_sys_io_destroy   | false",
                "0                      | false",
            })
    void recognizesExitAioInWchan(String wchan, boolean isInExitAio) {
        assertThat(ProcText.isInExitAio(wchan)).isEqualTo(isInExitAio);
    }

    @Test
    void recognizesExitAioInStack() {
        assertThat(ProcText.isInExitAio(STACK)).isTrue();
        assertThat(ProcText.isInExitAio(STACK.replace("exit_aio", "exit_files")))
                .isFalse();
    }

    @Test
    void parsesFrames() {
        assertThat(ProcText.frames(STACK))
                .containsExactly(
                        new StackFrame("exit_aio", 0x105),
                        new StackFrame("__mmput", 0x19),
                        new StackFrame("do_exit", 0x2f4));
        assertThat(ProcText.frames("[<ffffffff81a0b0c0>] f.isra.0+0x1/0x2 [fuse]\n[<0>] 0xffffffff81\nx+0x1/0x2"))
                .containsExactly(new StackFrame("f.isra.0", 1));
    }

    @Test
    void recognizesWaitForMmapLock() {
        assertThat(ProcText.isInMmapLock(LOCKED)).isTrue();
        assertThat(ProcText.isInMmapLock(STACK)).isFalse();
    }

    @Test
    void parsesMounts() {
        assertThat(ProcText.mount(
                        "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:5 - ext3 /dev/root rw,errors=continue"))
                .contains(new Mount("36", "98:0", "ext3"));
        assertThat(ProcText.mount("90 1 0:57 / /mnt/a\\040b ro - fuse.sshfs host:/ rw,user_id=0"))
                .contains(new Mount("90", "0:57", "fuse.sshfs"));
        assertThat(ProcText.mount("90 1 0:57 / /mnt")).isEmpty();
    }

    @Test
    void recognizesPendingSigkill() {
        assertThat(ProcText.hasPendingSigkill(STATUS)).isTrue();
        assertThat(ProcText.hasPendingSigkill(STATUS.replace("0100", "0200"))).isFalse();
        assertThat(ProcText.hasPendingSigkill("")).isFalse();
    }

    @Test
    void parsesCgroup() {
        assertThat(ProcText.cgroup(CGROUP)).contains("/system.slice/db.service");
        assertThat(ProcText.cgroup("0::/../../other")).isEmpty();
        assertThat(ProcText.cgroup("4:memory:/a")).isEmpty();
        assertThat(ProcText.cgroupMount(MOUNTS)).contains("/sys/fs/cgroup/unified");
        assertThat(ProcText.cgroupMount("proc /proc proc rw,relatime 0 0")).isEmpty();
    }

    private static ByteBuffer header(int... words) {
        ByteBuffer header = ByteBuffer.allocate(RingHeader.SIZE).order(ByteOrder.nativeOrder());
        for (int word : words) {
            header.putInt(word);
        }
        return header.rewind();
    }

    @Test
    void parsesRingHeader() {
        assertThat(RingHeader.of(header(1, 255, 4, 8, 0xa10a10a1), 255)).isEqualTo(new RingHeader(1, 255, 4));
        // Wraps around the end; only the program can move the head beyond it.
        assertThat(RingHeader.of(header(1, 255, 254, 1, 0xa10a10a1), 255)).isEqualTo(new RingHeader(1, 255, 2));
        assertThat(RingHeader.of(header(1, 255, -1, 0, 0xa10a10a1), 255))
                .satisfies(header -> assertThat(header.unreaped()).isBetween(0, 254));
    }

    @Test
    void rejectsOtherMemoryAsHeader() {
        assertThat(RingHeader.of(header(1, 255, 4, 8, 0xa10a10a2), 255)).isNull();
        assertThat(RingHeader.of(header(1, 0, 0, 0, 0xa10a10a1), 255)).isNull();
        assertThat(RingHeader.of(header(1, 256, 4, 8, 0xa10a10a1), 255)).isNull();
        assertThat(RingHeader.of(header(1, -255, 4, 8, 0xa10a10a1), 255)).isNull();
        assertThat(RingHeader.of(header(1, 255, 4, 8, 0xa10a10a1).limit(31), 255))
                .isNull();
    }

    @Test
    void neverThrowsForMutatedText() {
        Random random = new Random(4);
        int rings = 0;
        for (int i = 0; i < 100_000; i++) {
            RingMapping ring = ProcText.ring(Mutation.of(RING, random)).orElse(null);
            if (ring != null) {
                assertThat(ring.handle()).isPositive();
                assertThat(ring.slots()).isPositive();
                rings++;
            }
            ProcText.callOnContext(Mutation.of(DESTROY, random))
                    .ifPresent(on -> assertThat(on.handle()).isPositive());
            ProcText.frames(Mutation.of(STACK, random))
                    .forEach(frame -> assertThat(frame.offset()).isNotNegative());
            ProcText.mount(Mutation.of("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw", random));
            ProcText.isInMmapLock(Mutation.of(LOCKED, random));
            ProcText.isInExitAio(Mutation.of(STACK, random));
            ProcText.hasPendingSigkill(Mutation.of(STATUS, random));
            ProcText.cgroup(Mutation.of(CGROUP, random))
                    .ifPresent(path -> assertThat(path).startsWith("/"));
            ProcText.cgroupMount(Mutation.of(MOUNTS, random));
        }
        assertThat(rings).as("some are still rings").isPositive();
    }

    @Test
    void keepsRandomHeadersInsideRing() {
        Random random = new Random(4);
        for (int i = 0; i < 100_000; i++) {
            ByteBuffer header = header(random.ints(8).toArray());
            header.putInt(4, random.nextInt(300)).putInt(16, 0xa10a10a1);
            RingHeader read = RingHeader.of(header, 255);
            if (read != null) {
                assertThat(read.unreaped()).isBetween(0, read.nr() - 1);
            }
        }
    }
}
