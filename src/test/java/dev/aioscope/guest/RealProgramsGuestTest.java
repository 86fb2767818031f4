package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.Trigger;
import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.kernel.Host;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.Teardown.End;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real programs end all contexts that they set up, and the charges add up to fs.aio-nr. */
@Tag("guest")
@Tag("turn2")
class RealProgramsGuestTest {
    @TempDir
    private Path folder;

    private TestAgent agent;
    private long aioNrBefore;

    @BeforeEach
    void open() {
        agent = new TestAgent(Tier.FULL, AttachMethod.FENTRY);
        aioNrBefore = Host.aioNr().orElseThrow().longValueExact();
    }

    @AfterEach
    void close() {
        agent.close();
    }

    private List<Context> setups(String comm) {
        return agent.setups().stream()
                .filter(context ->
                        context.owner() != null && context.owner().comm().equals(comm))
                .toList();
    }

    /** Asserts that each context of programs with this name has ended once, completely, and released its charge. */
    private List<Teardown> awaitBalance(String comm) {
        Set<Long> made = setups(comm).stream().map(Context::generation).collect(Collectors.toSet());
        agent.readUntil(
                "the end of " + made.size() + " contexts of " + comm,
                () -> ended(made).size() >= made.size());
        List<Teardown> ended = ended(made);
        assertThat(ended)
                .extracting(teardown -> teardown.context().generation())
                .doesNotHaveDuplicates();
        assertThat(ended).hasSameSizeAs(made);
        assertThat(ended).extracting(Teardown::end).containsOnly(End.COMPLETE);
        assertThat(Host.aioNr()).contains(BigInteger.valueOf(aioNrBefore));
        assertThat(agent.probes().losses().total()).isZero();
        return ended;
    }

    private List<Teardown> ended(Set<Long> generations) {
        return agent.teardowns().stream()
                .filter(teardown -> generations.contains(teardown.context().generation()))
                .toList();
    }

    private static String[] fio(Path file, String... more) {
        Commands.assumeInstalled("fio");
        String[] fixed = {
            "fio",
            "--name=work",
            "--ioengine=libaio",
            "--rw=randread",
            "--bs=4k",
            "--size=4m",
            "--iodepth=32",
            "--filename=" + file,
            "--eta=never"
        };
        String[] all = Arrays.copyOf(fixed, fixed.length + more.length);
        System.arraycopy(more, 0, all, fixed.length, more.length);
        return all;
    }

    @Test
    void reportsDestroysOfFioThatFinishes() throws IOException {
        Commands.run(fio(folder.resolve("file"), "--numjobs=3"));
        Commands.run(fio(folder.resolve("file"), "--numjobs=2", "--thread"));

        agent.readUntil("the contexts of five jobs", () -> setups("fio").size() >= 5);
        assertThat(setups("fio")).hasSize(5).extracting(Context::maxReqs).containsOnly(32);
        assertThat(awaitBalance("fio")).extracting(Teardown::trigger).containsOnly(Trigger.DESTROY);
    }

    @Test
    void reportsExitOfFioThatIsKilled() throws Exception {
        Path output = folder.resolve("fio.log");
        Process fio = Commands.start(output, fio(folder.resolve("file"), "--thread", "--time_based", "--runtime=100"));
        agent.readUntil("the context of fio", () -> setups("fio").size() == 1);
        assertThat(Host.aioNr()).contains(BigInteger.valueOf(aioNrBefore + 32));
        assertHolds("fio", 32);
        fio.destroyForcibly();
        assertThat(fio.waitFor(60, TimeUnit.SECONDS)).isTrue();

        assertThat(awaitBalance("fio"))
                .singleElement()
                .satisfies(teardown -> assertThat(teardown.trigger()).isEqualTo(Trigger.EXIT));
    }

    private Process mariadb(Path data) throws IOException {
        Commands.assumeInstalled("mariadbd");
        return Commands.start(
                folder.resolve("mariadb.log"),
                "mariadbd",
                "--no-defaults",
                "--user=root",
                "--skip-grant-tables",
                "--skip-networking",
                "--datadir=" + data,
                "--socket=" + folder.resolve("socket"),
                "--pid-file=" + folder.resolve("pid"),
                "--innodb-use-native-aio=1",
                "--innodb-linux-aio=aio",
                "--innodb-flush-method=fsync",
                "--innodb-buffer-pool-size=8m",
                "--innodb-log-file-size=4m");
    }

    /** Starts the server and waits until it serves. Its context charges 8 threads x 256 requests. */
    private Process startMariadb(Path data) throws IOException {
        Process server = mariadb(data);
        Commands.awaitText(server, folder.resolve("mariadb.log"), "ready for connections");
        agent.readUntil("the context of mariadbd", () -> charged("mariadbd") >= 2048);
        assertThat(Host.aioNr()).contains(BigInteger.valueOf(aioNrBefore + charged("mariadbd")));
        assertHolds("mariadbd", charged("mariadbd"));
        return server;
    }

    /** Asserts that a scan finds the charge that the setups reported, and no other. */
    private void assertHolds(String comm, long charge) {
        Inventory inventory = Inventory.take(agent.probes());
        assertThat(Holder.group(inventory.contexts(), context -> context.owner().comm()))
                .singleElement()
                .satisfies(holder -> {
                    assertThat(holder.name()).isEqualTo(comm);
                    assertThat(holder.charge()).isEqualTo(charge);
                });
        assertThat(inventory.unattributed()).isEqualTo(aioNrBefore);
    }

    private long charged(String comm) {
        Set<Long> ended = agent.teardowns().stream()
                .map(teardown -> teardown.context().generation())
                .collect(Collectors.toSet());
        return setups(comm).stream()
                .filter(context -> !ended.contains(context.generation()))
                .mapToLong(context -> context.maxReqs() == null ? 0 : context.maxReqs())
                .sum();
    }

    @Test
    void reportsDestroyOfStoppedAndExitOfKilledMariadb() throws Exception {
        Path data = Files.createDirectory(folder.resolve("data"));
        Process stopped = startMariadb(data);
        stopped.destroy();
        assertThat(stopped.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(stopped.exitValue()).isZero();
        assertThat(awaitBalance("mariadbd"))
                .filteredOn(teardown ->
                        Integer.valueOf(2048).equals(teardown.context().maxReqs()))
                .isNotEmpty()
                .allSatisfy(teardown -> assertThat(teardown.trigger()).isEqualTo(Trigger.DESTROY));

        Files.writeString(folder.resolve("mariadb.log"), "", StandardCharsets.UTF_8);
        Process killed = startMariadb(data);
        killed.destroyForcibly();
        assertThat(killed.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(awaitBalance("mariadbd"))
                .filteredOn(teardown -> teardown.trigger() == Trigger.EXIT)
                .singleElement()
                .satisfies(teardown -> assertThat(teardown.context().maxReqs()).isEqualTo(2048));
    }
}
