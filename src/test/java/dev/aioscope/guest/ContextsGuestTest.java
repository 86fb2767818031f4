package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.guest.TestAgent.FoundContext;
import dev.aioscope.host.Container;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Processes;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.Aio;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the same tests on the lab kernels, and tests with real cgroups. */
@Tag("guest")
class ContextsGuestTest extends ContextsIT {
    private static final long VHOST_SET_OWNER = 0xaf01;

    private static final String ID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static final String POD = "01234567-89ab-cdef-0123-456789abcdef";
    private static final String POD_SLICE =
            "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + POD.replace('-', '_') + ".slice/";

    /** Cgroups as runtimes create them with systemd and cgroup v2. */
    private static final Map<String, Container> SECOND = Map.of(
            "system.slice/docker-" + ID + ".scope",
            new Container("docker", ID, false, null, null, null, null),
            POD_SLICE + "cri-containerd-" + ID + ".scope",
            new Container("containerd", ID, true, POD, null, null, null),
            POD_SLICE + "crio-" + ID + ".scope",
            new Container("cri-o", ID, true, POD, null, null, null),
            "machine.slice/libpod-" + ID + ".scope/container",
            new Container("podman", ID, false, null, null, null, null),
            "lxc.payload.web-1",
            new Container("lxc", "web-1", false, null, null, null, "web-1"),
            "system.slice/mariadb.service",
            new Container("systemd", "mariadb.service", false, null, null, null, null));

    /** Cgroups as runtimes create them without systemd, or with cgroup v1. */
    private static final Map<String, Container> FIRST = Map.of(
            "docker/" + ID,
            new Container("docker", ID, false, null, null, null, null),
            "kubepods/besteffort/pod" + POD + "/" + ID,
            new Container("kubernetes", ID, true, POD, null, null, null),
            "kubepods/burstable/pod" + POD + "/crio-" + ID,
            new Container("cri-o", ID, true, POD, null, null, null),
            "machine.slice/libpod-" + ID + ".scope",
            new Container("podman", ID, false, null, null, null, null),
            "lxc/web-1",
            new Container("lxc", "web-1", false, null, null, null, "web-1"),
            "system.slice/mariadb.service",
            new Container("systemd", "mariadb.service", false, null, null, null, null));

    /** Before 6.4 the worker of a virtual network device is a kernel thread that uses the address space of its owner. */
    @Test
    void ignoresKernelThreadThatBorrowsAddressSpace() throws IOException {
        Commands.run("modprobe", "vhost_net");
        int device = Libc.open("/dev/vhost-net", 2, 0);
        assertThat(device).isNotNegative();
        try (TestAgent agent = new TestAgent(Tier.SAMPLE, AttachMethod.FENTRY)) {
            assertThat(Libc.ioctl(device, VHOST_SET_OWNER, new byte[0])).isZero();
            long[] handle = new long[1];
            assertThat(Aio.setup(1, handle)).isZero();

            assertThat(agent.inventoryRecords())
                    .filteredOn(found -> found.handle() == handle[0])
                    .extracting(FoundContext::pid)
                    .containsExactly((int) ProcessHandle.current().pid());
            assertThat(Aio.destroy(handle[0])).isZero();
        } finally {
            Libc.close(device);
        }
    }

    @Test
    void namesContainerByCgroup() throws IOException {
        assertNamed(Path.of("/sys/fs/cgroup"), SECOND);
    }

    /** Mounts a v1 hierarchy next to v2; its other processes stay in the root. */
    @Test
    @Tag("turn3")
    void namesContainerByCgroupVersion1(@TempDir Path folder) throws IOException {
        String[] mount = {"mount", "-t", "cgroup", "-o", "none,name=systemd", "cgroup", folder.toString()};
        CommandResult mounted = Commands.execute(mount);
        assumeThat(mounted.status())
                .as("this kernel has no cgroup v1: %s", mounted.output())
                .isZero();
        try {
            assertNamed(folder, FIRST);
        } finally {
            Commands.run("umount", folder.toString());
        }
    }

    private static void assertNamed(Path root, Map<String, Container> containers) throws IOException {
        try (Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY);
                TestAgent agent = new TestAgent(Tier.SAMPLE, AttachMethod.FENTRY)) {
            for (Map.Entry<String, Container> container : containers.entrySet()) {
                assertThat(containerIn(processes, agent, root.resolve(container.getKey())))
                        .as(container.getKey())
                        .isEqualTo(container.getValue());
            }
        }
    }

    private static Container containerIn(Processes processes, TestAgent agent, Path cgroup) throws IOException {
        Path folder = Files.createDirectories(cgroup);
        try (AioWork work = AioWork.start("many", "--count", "1", "--wait")) {
            work.await("aio_nr");
            Files.writeString(folder.resolve("cgroup.procs"), work.pid() + "");
            LiveContext context = Inventory.take(agent.probes()).contexts().stream()
                    .filter(found -> found.owner().pid() == work.pid())
                    .findFirst()
                    .orElseThrow();
            processes.read(IdentityKey.of(context.owner(), context.mm()));
            processes.await(Await.LIMIT);
            Identity identity = processes.of(context.owner());
            return identity.container().orElseThrow(() -> new AssertionError(cgroup + ": " + identity));
        }
    }
}
