package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.CgroupV2;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * {@code aioscope contexts} with a separate cgroup namespace and root, as in a pod that has the PID namespace of its node.
 * The holder is in a container beside it.
 */
class ContextsInPodIT {
    private static final String ID = "4f".repeat(32);

    /** The cgroup of aioscope, and that of the holder. */
    private static final String OWN = "agent";

    private static final String OF_HOLDER = "docker-" + ID + ".scope";

    /** Joins a cgroup, and continues with a cgroup namespace that begins there, and with a root that is not the host's. */
    private static final String ENTER_POD = """
            echo $$ >"$1/cgroup.procs" && exec unshare --cgroup --mount sh -ec '
                mount -t tmpfs none "$2"
                mkdir "$2/upper" "$2/work" "$2/root"
                mount -t overlay -o "lowerdir=/,upperdir=$2/upper,workdir=$2/work" none "$2/root"
                for folder in /proc /sys /dev "$PWD"; do
                    mkdir -p "$2/root$folder"
                    mount --rbind "$folder" "$2/root$folder"
                done
                folder=$PWD root=$2/root
                shift 2
                exec env chroot "$root" sh -c "cd \\"\\$0\\" && exec \\"\\$@\\"" "$folder" "$@"
            ' sh "$@"
            """;

    @TempDir
    private Path folder;

    private Path cgroup;
    private AioWork work;

    @BeforeAll
    static void compile() throws Exception {
        AioWork.compile();
    }

    @BeforeEach
    void startHolder() throws IOException {
        Optional<Path> mounted = CgroupV2.mounted();
        assumeTrue(mounted.isPresent(), "cgroup v2 is not mounted");
        cgroup = Files.createTempDirectory(mounted.orElseThrow(), "aioscope-test-");
        Files.createDirectory(cgroup.resolve(OWN));
        Files.createDirectory(cgroup.resolve(OF_HOLDER));
        work = AioWork.start("many", "--count", "1", "--wait");
        work.await("aio_nr");
        Files.writeString(cgroup.resolve(OF_HOLDER).resolve("cgroup.procs"), Integer.toString(work.pid()));
    }

    @AfterEach
    void removeCgroups() throws IOException {
        if (cgroup != null) {
            work.close();
            for (Path directory : new Path[] {cgroup.resolve(OWN), cgroup.resolve(OF_HOLDER), cgroup}) {
                Files.deleteIfExists(directory);
            }
        }
    }

    private JsonNode holder(String... command) throws IOException {
        return JsonLines.ofType(JsonLines.parse(Commands.run(command)), "holder").stream()
                .filter(holder -> holder.path("pid").asInt() == work.pid())
                .findFirst()
                .orElseThrow();
    }

    private JsonNode inPod(String tier) throws IOException {
        return holder(Stream.of(
                        new String[] {
                            "sh", "-c", ENTER_POD, "sh", cgroup.resolve(OWN).toString(), folder.toString()
                        },
                        Aioscope.command("contexts", "--tier", tier, "--json"))
                .flatMap(Stream::of)
                .toArray(String[]::new));
    }

    @Test
    void showsCgroupOfHost() throws IOException {
        assertThat(inPod("sample").path("cgroup").asString()).endsWith("/" + cgroup.getFileName() + "/" + OF_HOLDER);
    }

    /** There is no better source. */
    @Test
    void marksMissingNamesOfCgroupInTierProc() throws IOException {
        assertThat(inPod("proc").path("cgroup").asString()).isEqualTo("…/" + OF_HOLDER);
    }

    /** The accounts in its files are those of an image. */
    @ParameterizedTest
    @ValueSource(strings = {"sample", "proc"})
    void showsNumbersOfUsers(String tier) throws IOException {
        JsonNode onHost = holder(Aioscope.command("contexts", "--tier", tier, "--json"));
        assertThat(onHost.path("user").asString()).isEqualTo("root");
        assertThat(onHost.path("group").asString()).isEqualTo("root");

        JsonNode inPod = inPod(tier);
        assertThat(inPod.path("user").asString()).isEqualTo("0");
        assertThat(inPod.path("group").asString()).isEqualTo("0");
        assertThat(inPod.path("container_id").asString()).isEqualTo(ID);
    }
}
