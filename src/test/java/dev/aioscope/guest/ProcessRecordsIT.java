package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventType;
import dev.aioscope.event.ProcessEvent;
import dev.aioscope.event.SetupEvent;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.core.CoreEngine;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** Compares what the probes say of the processes that set up contexts with what these are. */
@TestInstance(Lifecycle.PER_CLASS)
class ProcessRecordsIT {
    private static final int SOME = 100_000;

    private BpfProbes probes;
    private final List<Event> events = new ArrayList<>();

    @TempDir
    Path folder;

    /** The tier that the kernel supports. */
    Tier tier() {
        return Tier.SYSCALL;
    }

    Engine engine() {
        return new CoreEngine();
    }

    Set<Mode> modes() {
        return EnumSet.allOf(Mode.class);
    }

    @BeforeAll
    void open() throws Exception {
        AioWork.compile();
        probes = open(new ProbeSettings(false, false));
    }

    private BpfProbes open(ProbeSettings settings) {
        return BpfProbes.open(engine(), tier(), modes(), settings);
    }

    @AfterAll
    void close() {
        probes.close();
    }

    @BeforeEach
    void forgetEarlierTests() {
        read(probes);
        events.clear();
    }

    private void read(BpfProbes from) {
        from.poll(event -> events.add(copy(event)), SOME);
    }

    private static Event copy(Event event) {
        ByteBuffer copy = ByteBuffer.allocate(event.size()).order(ByteOrder.nativeOrder());
        event.copyTo(copy);
        return Event.of(copy, 0, copy.capacity());
    }

    /** The records of this type from the address space of a process, after the expected number of them. */
    private <E extends Event> List<E> await(Class<E> type, Predicate<E> which, int count) {
        return Await.value(
                count + " records",
                () -> {
                    read(probes);
                    return events.stream()
                            .filter(type::isInstance)
                            .map(type::cast)
                            .filter(which)
                            .toList();
                },
                found -> found.size() >= count);
    }

    /** What was lost is lost for good: a queue and a ring both keep the oldest records. */
    @Test
    void countsRecordsWithoutRoom() throws IOException {
        try (BpfProbes small =
                open(new ProbeSettings(false, false, false, Libc.getpagesize(), ProbeSettings.IN_PROGRESS))) {
            AioWork work = AioWork.run("many", "--count", "1500", "--charge", "1");
            read(small);

            long setups = events.stream()
                    .filter(event -> event.type() == EventType.SETUP && event.pid() == work.pid())
                    .count();
            assertThat(setups).isPositive().isLessThan(1500);
            assertThat(small.losses().ringFull()).isGreaterThanOrEqualTo(1500 - setups);
        }
    }

    @Test
    void passesProcessBeforeItsFirstSetupInSmallReads() throws IOException {
        AioWork work = AioWork.run("many", "--count", "20", "--charge", "1");
        Await.value(
                "20 setups",
                () -> {
                    probes.poll(event -> events.add(copy(event)), 1);
                    return events.stream()
                            .filter(event -> event.type() == EventType.SETUP && event.pid() == work.pid())
                            .count();
                },
                count -> count == 20);

        assertThat(events.stream().filter(event -> event.pid() == work.pid()).findFirst())
                .map(Event::type)
                .contains(EventType.PROCESS);
    }

    /** The only record about a process that has set up its first context. */
    private ProcessEvent record(int pid) {
        await(SetupEvent.class, setup -> setup.pid() == pid, 1);
        List<ProcessEvent> found = await(ProcessEvent.class, process -> process.pid() == pid, 1);
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    private ProcessEvent scanned(int pid) {
        List<ProcessEvent> found = new ArrayList<>();
        probes.processes(process -> {
            if (process.pid() == pid) {
                found.add((ProcessEvent) copy(process));
            }
        });
        assertThat(found).as("records of a scan").hasSize(1);
        return found.get(0);
    }

    static AioWork startReady(List<String> launcher, String... arguments) throws IOException {
        AioWork work = AioWork.startThrough(launcher, arguments);
        work.await("ready");
        return work;
    }

    /** Both ways to learn who a process is say the same but for the arguments. */
    final ProcessEvent compareWithScan(AioWork work) {
        ProcessEvent record = record(work.pid());
        ProcessEvent scanned = scanned(work.pid());
        assertThat(scanned.executable()).isEqualTo(record.executable());
        assertThat(scanned.cgroupPath()).isEqualTo(record.cgroupPath());
        assertThat(scanned.cgroupV1Path()).isEqualTo(record.cgroupV1Path());
        assertThat(scanned.nodeName()).isEqualTo(record.nodeName());
        assertThat(scanned.namespacePid()).isEqualTo(record.namespacePid());
        assertThat(scanned.processStart()).isEqualTo(record.processStart());
        assertThat(scanned.mm()).isEqualTo(record.mm());
        assertThat(scanned.userId()).isEqualTo(record.userId());
        assertThat(scanned.processComm()).isEqualTo(record.processComm());
        assertThat(scanned.isInHostMountNamespace()).isEqualTo(record.isInHostMountNamespace());
        assertThat(scanned.arguments()).isNull();
        return record;
    }

    @Test
    void describesProcessAsProcDoes() throws IOException {
        try (AioWork work = startReady(List.of(), "destroy", "--wait")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.executable()).isEqualTo(AioWork.PROGRAM.toString());
            assertThat(record.isExecutableCut()).isFalse();
            assertThat(record.arguments()).containsExactly(AioWork.PROGRAM.toString(), "destroy", "--wait");
            assertThat(record.areArgumentsCut()).isFalse();
            assertThat(record.comm()).isEqualTo("aiowork");
            assertThat(record.tid()).isEqualTo(work.pid());
            assertThat(record.namespacePid()).isEqualTo(work.pid());
            assertThat(record.namespaceTid()).isEqualTo(work.pid());
            assertThat(record.userId()).isZero();
            assertThat(record.groupId()).isZero();
            assertThat(record.nodeName())
                    .isEqualTo(Host.read("/proc/sys/kernel/hostname").orElseThrow());
            assertThat(record.isInHostPidNamespace()).isTrue();
            assertThat(record.isInHostMountNamespace()).isEqualTo(isInHostMountNamespace());
            assertThat(record.isInHostUtsNamespace()).isTrue();
            assertThat(record.isInHostUserNamespace()).isTrue();
            assertThat(record.cgroupPath()).isEqualTo(cgroup(""));
            assertThat(record.cgroupV1Path()).isEqualTo(cgroup("memory"));
        }
    }

    /** Its context is no longer in any table. */
    @Test
    void scanDescribesProcessThatWaitsInIoDestroy() throws IOException {
        try (AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("siblings");
            Await.until("the teardown", () -> {
                AtomicBoolean isInTeardown = new AtomicBoolean();
                probes.inventory(event -> {
                    if (event.type() == EventType.TASK_IN_TEARDOWN && event.pid() == work.pid()) {
                        isInTeardown.set(true);
                    }
                });
                return isInTeardown.get();
            });
            assertThat(scanned(work.pid()).executable()).isEqualTo(AioWork.PROGRAM.toString());
        }
    }

    /** True if the namespace of the first process cannot be read: in another one than that, the tests do not run. */
    private static boolean isInHostMountNamespace() throws IOException {
        Path first = Path.of("/proc/1/ns/mnt");
        try {
            return Files.readSymbolicLink(first).equals(Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")));
        } catch (AccessDeniedException e) {
            return true;
        }
    }

    /** This process is in the cgroups of its children. Null without a hierarchy of this controller. */
    static String cgroup(String controller) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/cgroup")).stream()
                .map(line -> line.split(":", 3))
                .filter(hierarchy -> List.of(hierarchy[1].split(",", -1)).contains(controller))
                .map(hierarchy -> hierarchy[2])
                .findFirst()
                .orElse(null);
    }

    @Test
    void sendsRecordBeforeFirstSetupAndOnlyOnce() throws IOException {
        AioWork work = AioWork.run("many", "--count", "600", "--charge", "1");
        await(SetupEvent.class, setup -> setup.pid() == work.pid(), 600);

        assertThat(events.stream().filter(event -> event.pid() == work.pid()).map(Event::type))
                .startsWith(EventType.PROCESS, EventType.SETUP)
                .containsOnlyOnce(EventType.PROCESS);
    }

    @Test
    void sendsRecordForRefusedSetup() throws IOException {
        AioWork work = AioWork.run("refused", "--charge", "0");

        assertThat(record(work.pid()).executable()).isEqualTo(AioWork.PROGRAM.toString());
    }

    @Test
    void sendsNoRecordOfOwnTests() throws InterruptedException {
        List<ProcessEvent> own = new ArrayList<>();
        try (BpfProbes tested = open(new ProbeSettings(false, false))) {
            tested.processes(process -> own.add((ProcessEvent) copy(process)));
            events.clear();
            read(tested);
        }
        assertThat(own).extracting(Event::pid).doesNotContain((int)
                ProcessHandle.current().pid());
        assertThat(events.stream().filter(event -> event.comm().startsWith("aioscope")))
                .isEmpty();
    }

    @Test
    void readsNoArgumentsIfHidden() throws IOException {
        try (BpfProbes hiding = open(
                        new ProbeSettings(false, false, true, ProbeSettings.RING_BYTES, ProbeSettings.IN_PROGRESS));
                AioWork work = startReady(List.of(), "destroy", "--wait", "--ignored", "secret")) {
            ProcessEvent record = (ProcessEvent) Await.value(
                            "the record",
                            () -> {
                                read(hiding);
                                return events.stream()
                                        .filter(event -> event.type() == EventType.PROCESS && event.pid() == work.pid())
                                        .findFirst();
                            },
                            found -> found.isPresent())
                    .orElseThrow();

            assertThat(record.arguments()).isNull();
            assertThat(record.areArgumentsCut()).isFalse();
            assertThat(record.executable()).isEqualTo(AioWork.PROGRAM.toString());
            ByteBuffer bytes = ByteBuffer.allocate(record.size());
            record.copyTo(bytes);
            assertThat(new String(bytes.array(), StandardCharsets.ISO_8859_1)).doesNotContain("secret");
        }
    }

    @Test
    void showsWholePathOf40Components() throws IOException {
        Path program = copyBelow(39, "a-directory-with-a-name-");
        try (AioWork work = startReady(through("exec " + program + " \"$@\""), "destroy", "--wait")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.executable()).isEqualTo(program.toString());
            assertThat(record.isExecutableCut()).isFalse();
        }
    }

    @Test
    void showsInnermostNamesOfLongPath() throws IOException {
        Path program = copyBelow(100, "d");
        try (AioWork work = startReady(through("exec " + program + " \"$@\""), "destroy", "--wait")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.executable()).startsWith("…/").endsWith("/d98/d99/program");
            assertThat(program.toString()).endsWith(record.executable().substring(1));
            assertThat(record.isExecutableCut()).isTrue();
        }
    }

    /** Copies the program into so many directories, one in the other, with these names and a number. */
    private Path copyBelow(int directories, String name) throws IOException {
        Path directory = folder;
        while (directory.getNameCount() < directories) {
            directory = directory.resolve(name + directory.getNameCount());
        }
        return Files.copy(AioWork.PROGRAM, Files.createDirectories(directory).resolve("program"));
    }

    /** A shell that runs this with the options of aiowork as its arguments. */
    static List<String> through(String script) {
        return List.of("sh", "-c", "program=$1; shift; " + script, "sh");
    }

    @Test
    void showsAnyBytesOfPathAndArguments() throws IOException {
        String script = "d='" + folder + "'/$(printf 'a b\\nc\\303(x'); mkdir \"$d\"; cp \"$program\" \"$d/p q\";"
                + " exec \"$d/p q\" \"$@\" --ignored \"$(printf '\\377\\n\\303\\244')\" --ignored ''";
        try (AioWork work = startReady(through(script), "destroy", "--wait")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.executable()).isEqualTo(folder + "/a b\nc\uFFFD(x/p q");
            assertThat(record.arguments())
                    .containsExactly(record.executable(), "destroy", "--wait", "--ignored", "\uFFFD\nä", "--ignored");
        }
    }

    @Test
    void marksDeletedExecutable() throws IOException {
        String script = "cp \"$program\" '" + folder + "/deleted'; exec '" + folder + "/deleted' \"$@\"";
        try (AioWork work = startReady(through(script), "deleted", "--wait")) {
            assertThat(compareWithScan(work).executable())
                    .isEqualTo(folder + "/deleted (deleted)")
                    .isEqualTo(procExecutable(work.pid()));
        }
    }

    private static String procExecutable(int pid) throws IOException {
        return Files.readSymbolicLink(Path.of("/proc", pid + "", "exe")).toString();
    }

    @Test
    void namesExecutableInMemory() throws IOException {
        try (AioWork work = startReady(List.of(), "exec-memory")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.executable()).isEqualTo("/memfd:a copy (deleted)").isEqualTo(procExecutable(work.pid()));
            assertThat(record.arguments()).containsExactly("copy", "destroy", "--wait");
        }
    }

    @Test
    void cutsLongArguments() throws IOException {
        String text = "0123456789".repeat(10_000);
        try (AioWork work = startReady(List.of(), "destroy", "--wait", "--ignored", text)) {
            ProcessEvent record = record(work.pid());
            List<String> arguments = record.arguments();

            assertThat(record.areArgumentsCut()).isTrue();
            assertThat(arguments).hasSize(5).startsWith(AioWork.PROGRAM.toString(), "destroy", "--wait", "--ignored");
            assertThat(text).startsWith(arguments.get(4));
            assertThat(String.join("\0", arguments)).hasSize(4096);
        }
    }

    @Test
    void showsProgramWithoutArguments() throws IOException {
        try (AioWork work = startReady(List.of(), "exec-without-arguments")) {
            ProcessEvent record = record(work.pid());

            assertThat(record.arguments()).isEmpty();
            assertThat(record.areArgumentsCut()).isFalse();
            assertThat(record.executable()).isEqualTo(AioWork.PROGRAM.toString());
        }
    }

    @Test
    void omitsArgumentsThatAreNotInMemory() throws IOException {
        try (AioWork work = startReady(List.of(), "absent-arguments", "--wait")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.arguments()).isNull();
            assertThat(record.areArgumentsCut()).isFalse();
            assertThat(record.executable()).isEqualTo(AioWork.PROGRAM.toString());
        }
    }

    @Test
    void namesInterpreterOfScript() throws IOException {
        Path script = folder.resolve("a-script");
        Files.writeString(script, "#!" + AioWork.PROGRAM + " destroy\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        try (AioWork work = startReady(through("exec '" + script + "' \"$@\""), "--wait")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.executable()).isEqualTo(AioWork.PROGRAM.toString());
            assertThat(record.arguments())
                    .containsExactly(AioWork.PROGRAM.toString(), "destroy", script.toString(), "--wait");
            assertThat(record.processComm()).isEqualTo("a-script");
        }
    }

    @Test
    void showsPathInOverlay() throws IOException {
        for (String name : List.of("lower", "other", "merged")) {
            Files.createDirectory(folder.resolve(name));
        }
        List<String> launcher = new ArrayList<>(List.of("unshare", "--mount"));
        launcher.addAll(through("cd '" + folder + "' && cp \"$program\" lower/x"
                + " && mount -t overlay -o lowerdir=lower:other none merged && exec merged/x \"$@\""));
        try (AioWork work = startReady(launcher, "destroy", "--wait")) {
            assertThat(compareWithScan(work).executable())
                    .isEqualTo(folder + "/merged/x")
                    .isEqualTo(procExecutable(work.pid()));
        }
    }

    /** The probes do not observe its calls. */
    @Test
    void describes32BitProgramInScan() throws IOException {
        assumeTrue(Commands.isInstalled("cc"), "the guest has no compiler");
        Path program = folder.resolve("program32");
        Commands.run(
                "cc",
                "-m32",
                "-static",
                "-nostdlib",
                "-ffreestanding",
                "-fno-pie",
                "-no-pie",
                "-o",
                program.toString(),
                "src/test/c/program32.c");
        try (AioWork work = startReady(through("exec '" + program + "'"))) {
            ProcessEvent scanned = scanned(work.pid());

            assertThat(scanned.executable()).isEqualTo(program.toString());
            assertThat(scanned.processComm()).isEqualTo("program32");
        }
    }

    @Test
    void describesProcessWhoseFirstThreadHasExited() throws IOException {
        try (AioWork work = startReady(List.of(), "leaderless", "--wait")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.executable()).isEqualTo(AioWork.PROGRAM.toString());
            assertThat(record.arguments()).containsExactly(AioWork.PROGRAM.toString(), "leaderless", "--wait");
            assertThat(record.tid()).isNotEqualTo(work.pid()).isEqualTo(record.namespaceTid());
            assertThat(record.namespacePid()).isEqualTo(work.pid());
            assertThat(record.processComm()).isEqualTo("aiowork");
        }
    }

    @Test
    void namesMainThreadBesideThreadOfCall() throws IOException {
        try (AioWork work = startReady(List.of(), "named-threads", "--wait")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.comm()).isEqualTo("an-io-thread");
            assertThat(record.processComm()).isEqualTo("a-database");
        }
    }

    @Test
    void sendsAnotherRecordAfterExec() throws IOException {
        try (AioWork work = startReady(List.of(), "exec-between")) {
            List<ProcessEvent> records = await(ProcessEvent.class, process -> process.pid() == work.pid(), 2);

            assertThat(records)
                    .extracting(ProcessEvent::arguments)
                    .containsExactly(
                            List.of(AioWork.PROGRAM.toString(), "exec-between"),
                            List.of("second", "destroy", "--wait"));
        }
    }

    @Test
    void sendsRecordsOfChildrenWithoutExec() throws IOException {
        try (AioWork work = startReady(List.of(), "children", "--wait")) {
            int forked = (int) work.value("forked");
            int vforked = (int) work.value("vforked");
            ProcessEvent parent = record(work.pid());

            assertThat(List.of(record(forked), record(vforked))).allSatisfy(child -> {
                assertThat(child.executable()).isEqualTo(AioWork.PROGRAM.toString());
                assertThat(child.arguments()).isEqualTo(parent.arguments());
            });
            assertThat(record(forked).mm()).isNotEqualTo(parent.mm());
            assertThat(record(vforked).mm()).isEqualTo(parent.mm());
        }
    }

    @Test
    void showsPathFromRootOfProcess() throws IOException {
        Path parent = AioWork.PROGRAM.getParent();
        try (AioWork work = startReady(List.of(), "other-root", "--directory", parent.toString(), "--wait")) {
            assertThat(compareWithScan(work).executable()).isEqualTo("/" + parent.relativize(AioWork.PROGRAM));
        }
    }

    @Test
    void showsPathOutsideOfRootOfProcess() throws IOException {
        try (AioWork work = startReady(List.of(), "other-root", "--directory", folder.toString(), "--wait")) {
            assertThat(compareWithScan(work).executable()).isEqualTo(AioWork.PROGRAM.toString());
        }
    }

    @Test
    void recognizesOtherNamespacesAndUser() throws IOException {
        Path mounted = Files.createDirectory(folder.resolve("mounted"));
        String script = "hostname inner.example; mount -t tmpfs none '" + mounted + "'; cp \"$program\" '" + mounted
                + "/x'; exec setpriv --reuid 12 --regid 34 --clear-groups '" + mounted + "/x' \"$@\"";
        List<String> launcher = new ArrayList<>(List.of("unshare", "--pid", "--fork", "--uts", "--mount"));
        launcher.addAll(through(script));
        try (AioWork work = startReady(launcher, "destroy", "--wait")) {
            ProcessEvent record = await(ProcessEvent.class, process -> "inner.example".equals(process.nodeName()), 1)
                    .get(0);

            assertThat(record.pid()).isGreaterThan(work.pid());
            assertThat(record.namespacePid()).isEqualTo(1).isEqualTo((int) work.value("pid"));
            assertThat(record.executable()).isEqualTo(mounted + "/x");
            assertThat(record.userId()).isEqualTo(12);
            assertThat(record.groupId()).isEqualTo(34);
            assertThat(record.isInHostPidNamespace()).isFalse();
            assertThat(record.isInHostMountNamespace()).isFalse();
            assertThat(record.isInHostUtsNamespace()).isFalse();
            assertThat(record.isInHostUserNamespace()).isTrue();
            work.proceed();
            work.finish();
        }
    }
}
