package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The contexts of real programs while they run. Not nginx: Debian builds it without file AIO, so that it sets up no
 * context. {@link RealProgramsGuestTest} tests MariaDB, and how contexts end.
 */
@Timeout(120)
class RealProgramsIT {
    private final TestAgent agent = new TestAgent(Tier.SAMPLE, AttachMethod.FENTRY);

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        agent.close();
    }

    /** Waits for a number of contexts of a program and its descendants. */
    private List<LiveContext> await(int contexts, Process program) {
        return Await.value(
                contexts + " contexts", () -> contexts(program), held -> held.size() >= contexts || !program.isAlive());
    }

    private List<LiveContext> contexts(Process program) {
        List<Long> pids = Stream.concat(Stream.of(program.toHandle()), program.descendants())
                .map(ProcessHandle::pid)
                .toList();
        return Inventory.take(agent.probes()).contexts().stream()
                .filter(context -> pids.contains((long) context.owner().pid()))
                .toList();
    }

    private static long processes(List<LiveContext> contexts) {
        return contexts.stream()
                .map(context -> context.owner().pid())
                .distinct()
                .count();
    }

    private static void end(Process program) {
        List<ProcessHandle> started = program.descendants().toList();
        program.destroyForcibly();
        started.forEach(ProcessHandle::destroyForcibly);
        Commands.awaitExit(program);
    }

    private Process fio(String... more) throws IOException {
        Commands.assumeInstalled("fio");
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
        return Commands.start(
                folder.resolve("log"), Stream.concat(fixed, Arrays.stream(more)).toArray(String[]::new));
    }

    @Test
    void findsContextOfEachFioJobWithItsDepth() throws Exception {
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
    void findsFioThreadsInOneProcess() throws Exception {
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

    /**
     * Two disks share the context of the main loop; a disk that moves to an iothread uses a second one. No guest has to
     * run.
     */
    @Test
    void findsContextsOfQemuMainLoopAndIothread() throws Exception {
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
