package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.probe.Tier;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What programs that operators run hold while they run. Not nginx: Debian builds it without file AIO, so that it makes no
 * context. {@link RealProgramsGuestTest} has MariaDB, and how contexts end.
 */
@Timeout(120)
class RealProgramsIT {
    private final TestAgent agent = new TestAgent(Tier.SAMPLE, Placing.FENTRY);

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        agent.close();
    }

    /** Those of a program and of the processes that it has started, once there are so many. */
    private List<LiveContext> await(int contexts, Process program) {
        while (true) {
            List<Long> pids = Stream.concat(Stream.of(program.toHandle()), program.descendants())
                    .map(ProcessHandle::pid)
                    .toList();
            List<LiveContext> held = Inventory.take(agent.probes()).contexts().stream()
                    .filter(context -> pids.contains((long) context.owner().pid()))
                    .toList();
            if (held.size() >= contexts || !program.isAlive()) {
                return held;
            }
            Command.pause(); // until the time limit of the test
        }
    }

    private static long processes(List<LiveContext> contexts) {
        return contexts.stream()
                .map(context -> context.owner().pid())
                .distinct()
                .count();
    }

    private static void end(Process program) throws InterruptedException {
        List<ProcessHandle> started = program.descendants().toList();
        program.destroyForcibly();
        started.forEach(ProcessHandle::destroyForcibly);
        assertThat(program.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }

    private Process fio(String... more) throws IOException {
        Stream<String> fixed = Stream.of(
                "fio",
                "--name=work",
                "--ioengine=libaio",
                "--rw=randread",
                "--size=1m",
                "--iodepth=24",
                "--rate_iops=10",
                "--time_based",
                "--runtime=100",
                "--eta=never",
                "--filename=" + folder.resolve("file"));
        return Command.start(
                folder.resolve("log"), Stream.concat(fixed, Arrays.stream(more)).toArray(String[]::new));
    }

    @Test
    void eachJobOfFioHoldsAContextOfItsDepth() throws Exception {
        Process fio = fio("--numjobs=3");
        try {
            List<LiveContext> held = await(3, fio);

            assertThat(held).extracting(LiveContext::charge).containsExactly(24, 24, 24);
            assertThat(processes(held)).isEqualTo(3);
        } finally {
            end(fio);
        }
    }

    @Test
    void jobsOfFioThatAreThreadsAreOneProcess() throws Exception {
        Process fio = fio("--numjobs=2", "--thread");
        try {
            List<LiveContext> held = await(2, fio);

            assertThat(held).extracting(LiveContext::charge).containsExactly(24, 24);
            assertThat(processes(held)).isEqualTo(1);
        } finally {
            end(fio);
        }
    }

    private String disk(String name) throws IOException {
        Path file = Files.write(folder.resolve(name), new byte[1 << 20]);
        return "driver=file,aio=native,cache.direct=on,node-name=" + name + ",filename=" + file;
    }

    /** Two disks share the context of the main loop; one that moves to an iothread takes another. No guest has to run. */
    @Test
    void qemuHoldsAContextOf1024AndOneMoreForEachIothread() throws Exception {
        Process qemu = new ProcessBuilder(
                        "qemu-system-x86_64",
                        "-S",
                        "-M",
                        "none",
                        "-display",
                        "none",
                        "-nodefaults",
                        "-no-user-config",
                        "-object",
                        "iothread,id=thread",
                        "-blockdev",
                        disk("first"),
                        "-blockdev",
                        disk("second"),
                        "-qmp",
                        "stdio")
                .redirectErrorStream(true)
                .start();
        try {
            assertThat(await(1, qemu)).extracting(LiveContext::charge).containsExactly(1024);

            BufferedReader answers = qemu.inputReader(StandardCharsets.UTF_8);
            assertThat(answers.readLine()).contains("QMP");
            ask(qemu, "{'execute':'qmp_capabilities'}");
            assertThat(answers.readLine()).contains("return");
            ask(qemu, "{'execute':'x-blockdev-set-iothread','arguments':{'node-name':'first','iothread':'thread'}}");
            assertThat(answers.readLine()).contains("return");
            assertThat(await(2, qemu)).extracting(LiveContext::charge).containsExactly(1024, 1024);
        } finally {
            end(qemu);
        }
    }

    private static void ask(Process qemu, String request) throws IOException {
        qemu.outputWriter(StandardCharsets.UTF_8)
                .append(request.replace('\'', '"'))
                .append('\n')
                .flush();
    }
}
