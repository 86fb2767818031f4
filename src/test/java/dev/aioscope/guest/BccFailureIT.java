package dev.aioscope.guest;

import static dev.aioscope.guest.HostFailureGuestTest.HIDE_BYTECODE;
import static dev.aioscope.guest.HostFailureGuestTest.assertFails;
import static dev.aioscope.guest.HostFailureGuestTest.prepared;
import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.Host;
import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a host where libbcc cannot compile, the error names the cause and a hint. Any kernel serves. */
class BccFailureIT {
    @Test
    void reportsMissingLibbcc() throws IOException {
        CommandResult trace = prepared(
                "for f in /usr/lib/*/libbcc.so.0; do mount --bind /dev/null $f; done", "trace", "--engine", "bcc");

        assertFails(trace, "cannot load libbcc.so.0", "apt-get install libbpfcc");
    }

    @Test
    void reportsLibbccThatLacksFunction(@TempDir Path folder) throws IOException {
        Path source = Files.writeString(folder.resolve("old.c"), "int bpf_num_functions(void *m) { return 0; }\n");
        Commands.run(
                "cc", "-shared", "-fPIC", "-o", folder.resolve("libbcc.so.0").toString(), source.toString());
        CommandResult trace = prepared("export LD_LIBRARY_PATH=" + folder, "trace", "--engine", "bcc");

        assertFails(
                trace,
                "cannot use libbcc.so.0: it is too old: ",
                "install libbcc 0.18 or newer: apt-get install libbpfcc");
    }

    @Test
    void reportsMissingLibbccForStacks() throws IOException {
        CommandResult trace =
                prepared("for f in /usr/lib/*/libbcc.so.0; do mount --bind /dev/null $f; done", "trace", "--stacks");

        assertFails(trace, "cannot resolve user stacks: cannot load libbcc.so.0", "apt-get install libbpfcc");
    }

    @Test
    void reportsProbesThatDoNotCompile(@TempDir Path folder) throws IOException {
        Path source = folder.resolve("probes/aioscope.bpf.c");
        Files.createDirectories(source.getParent());
        Files.writeString(source, "this is no C");

        // The class path uses the first resource it finds.
        CommandResult trace = Commands.execute(Aioscope.commandWithResources(folder, "trace", "--engine", "bcc"));

        assertFails(trace, "cannot compile the probes with libbcc: ", "--engine core");
        assertThat(trace.output()).contains("error: unknown type name 'this'");
    }

    @Test
    void reportsHelperThatLibbccDoesNotDeclare(@TempDir Path folder) throws IOException {
        Path source = folder.resolve("probes/aioscope.bpf.c");
        Files.createDirectories(source.getParent());
        Files.writeString(
                source, "\nSEC(\"iter/task\")\nint iter_contexts(void *ctx) { return bpf_newer_helper(ctx); }\n");

        CommandResult trace = Commands.execute(Aioscope.commandWithResources(folder, "trace", "--engine", "bcc"));

        assertFails(trace, "cannot compile the probes with libbcc: ", "--engine core");
        assertThat(trace.output()).contains("implicit declaration of function 'bpf_newer_helper'");
    }

    @Test
    void reportsFullTemporaryFolder(@TempDir Path folder) throws IOException {
        CommandResult trace = prepared(
                "mount -t tmpfs -o size=4k,nr_inodes=1 none " + folder
                        + " && export JAVA_TOOL_OPTIONS=-Djava.io.tmpdir=" + folder,
                "trace",
                "--engine",
                "bcc");

        assertFails(
                trace,
                "cannot compile the probes with libbcc: cannot create a temporary directory",
                "free space in " + folder);
    }

    /** The command line is too long to read, and before its exec the process is Java's spawn helper. */
    private static boolean isCompiler(ProcessHandle process) {
        return Host.read("/proc/" + process.pid() + "/environ").orElse("").contains("BCC_KERNEL_SOURCE=");
    }

    @Test
    void reportsKilledCompiler(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("trace.log");
        Process trace = Commands.start(
                output,
                "unshare",
                "--mount",
                "sh",
                "-c",
                HIDE_BYTECODE + " && exec "
                        + String.join(
                                " ", Aioscope.command("trace", "--engine", "bcc", "--tier", "sample", "--for", "10s")));
        Optional<ProcessHandle> compiler = Optional.empty();
        while (trace.isAlive() && compiler.isEmpty()) {
            compiler = trace.descendants().filter(BccFailureIT::isCompiler).findAny();
        }
        compiler.ifPresent(ProcessHandle::destroyForcibly);

        assertThat(trace.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertFails(
                new CommandResult(Files.readString(output), trace.exitValue()),
                "cannot compile the probes with libbcc: the compiler exited with status 137",
                "--engine core");
    }

    @Test
    void sharesBytecodeBetweenConcurrentStarts() throws IOException {
        String trace = String.join(
                " ", Aioscope.command("trace", "--engine", "bcc", "--tier", "sample", "--for", "100ms", "--json"));
        CommandResult starts = Commands.execute(
                "unshare",
                "--mount",
                "sh",
                "-c",
                HIDE_BYTECODE + " && { " + trace + " & one=$!; " + trace + " && wait $one && " + trace
                        + " && ls -A /var/cache/aioscope; }");

        assertThat(starts.status()).as(starts.output()).isZero();
        assertThat(starts.output().lines().filter(line -> line.contains("\"type\":\"summary\"")))
                .hasSize(3);
        assertThat(starts.output().lines().filter(line -> line.endsWith(".bytecode")))
                .hasSize(1);
    }

    @Test
    void startsWithoutSpaceForBytecode() throws IOException {
        String trace =
                String.join(" ", Aioscope.command("trace", "--engine", "bcc", "--tier", "sample", "--for", "100ms"));
        CommandResult full = Commands.execute(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount -t tmpfs -o size=16k none /var/cache && " + trace + " && find /var/cache/aioscope");

        assertThat(full.status()).as(full.output()).isZero();
        assertThat(full.output())
                .contains("The next start compiles the probes again")
                .contains("No space left on device")
                .contains("Tier sample")
                .endsWith("\n/var/cache/aioscope\n");
    }
}
