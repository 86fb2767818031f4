package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.ProcessEvent;
import dev.aioscope.probe.Tier;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The same with probes on the functions of the kernel. */
@Tag("guest")
@Tag("turn4")
class ProcessRecordsGuestTest extends ProcessRecordsIT {
    @Override
    Tier tier() {
        return Tier.FULL;
    }

    /** Containers of older hosts have no other path. */
    @Test
    void showsCgroupOfVersion1() throws Exception {
        Path mounted = Files.createDirectory(folder.resolve("v1"));
        List<String> launcher = through("cd '" + mounted + "' && mount -t cgroup -o pids none . && cd ../v1"
                + " && mkdir -p a/b && echo $$ >a/b/cgroup.procs && exec \"$program\" \"$@\"");
        try (AioWork work = startReady(launcher, "destroy", "--wait")) {
            ProcessEvent record = compareWithScan(work);

            assertThat(record.cgroupV1Path()).isEqualTo("/a/b");
            assertThat(record.cgroupPath()).isEqualTo(cgroup(""));
        } finally {
            Commands.run("sh", "-c", "cd '" + folder + "' && rmdir v1/a/b v1/a; umount v1");
        }
        // The hierarchy stays if it still had a cgroup when it was unmounted: the kernel removes cgroups later than
        // rmdir returns.
        Await.until("the end of the hierarchy", () -> {
            boolean isOver = cgroup("pids") == null;
            if (!isOver) {
                Commands.run("sh", "-c", "mount -t cgroup -o pids none '" + mounted + "' && umount '" + mounted + "'");
            }
            return isOver;
        });
    }
}
