package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.guest.Agent.Placing;
import dev.aioscope.host.Container;
import dev.aioscope.host.Processes;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Snapshot;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The same on the kernels of the lab, and with real cgroups. */
@Tag("guest")
class ContextsGuestTest extends ContextsIT {
    private static final String ID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    @Test
    void aContainerIsNamedByItsCgroup() throws IOException {
        try (Processes processes = Processes.patient(false);
                Agent other = new Agent(Tier.SAMPLE, Placing.FENTRY)) {
            assertThat(containerIn(processes, other, "system.slice/docker-" + ID + ".scope"))
                    .isEqualTo(new Container("docker", ID, null));
            assertThat(containerIn(
                            processes,
                            other,
                            "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-"
                                    + "pod01234567_89ab_cdef_0123_456789abcdef.slice/cri-containerd-" + ID + ".scope"))
                    .isEqualTo(new Container("containerd", ID, "01234567-89ab-cdef-0123-456789abcdef"));
        }
    }

    private static Container containerIn(Processes processes, Agent agent, String cgroup) throws IOException {
        Path folder = Files.createDirectories(Path.of("/sys/fs/cgroup", cgroup));
        try (Work work = Work.start("many", "--count", "1", "--wait")) {
            work.await("aio_nr");
            Files.writeString(folder.resolve("cgroup.procs"), work.pid() + "");
            LiveContext context = Snapshot.take(agent.probes()).contexts().stream()
                    .filter(found -> found.owner().pid() == work.pid())
                    .findFirst()
                    .orElseThrow();
            return processes.of(context.owner()).container().orElseThrow();
        }
    }
}
