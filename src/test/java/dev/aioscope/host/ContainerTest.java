package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cgroup paths of the runtimes, on v1 and v2, with the systemd and the cgroupfs driver. */
class ContainerTest {
    private static final String ID = "f0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
    private static final String UID = "01234567-89ab-cdef-0123-456789abcdef";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/docker/ID                                                          | docker     | ID       |",
                "/system.slice/docker-ID.scope                                       | docker     | ID       |",
                "/system.slice/docker-ID.scope/init                                  | docker     | ID       |",
                "/kubepods/burstable/podUID/ID                                       | kubernetes | ID       | UID",
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podUID_.slice/cri-containerd-ID.scope"
                        + " | containerd | ID | UID",
                "/kubepods.slice/kubepods-podUID_.slice/crio-ID.scope                | cri-o      | ID       | UID",
                "/kubepods.slice/kubepods-podUID_.slice/crio-ID.scope/container      | cri-o      | ID       | UID",
                "/machine.slice/libpod-ID.scope/container                            | podman     | ID       |",
                "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope | podman | ID     |",
                "/system.slice/nerdctl-ID.scope                                      | containerd | ID       |",
                "/default/ID                                                         | containerd | ID       |",
                "/lxc/web-1                                                          | lxc        | web-1    |",
                "/lxc.payload.web-1/system.slice/nginx.service                       | lxc        | web-1    |",
                "/machine.slice/machine-qemu\\x2d3\\x2dvm.scope/libvirt/emulator | machine" + " | qemu\\x2d3\\x2dvm |",
                "/system.slice/mariadb.service                                       | systemd | mariadb.service |",
                "/user.slice/user-0.slice/session-4.scope                            | systemd | session-4.scope |",
            })
    void findsContainerInCgroupPath(String path, String runtime, String id, String podUid) {
        String real = path.replace("UID_", UID.replace('-', '_'))
                .replace("UID", UID)
                .replace("ID", ID)
                .replace("\\\\", "\\");
        assertThat(Container.of(real)).as(real).hasValueSatisfying(container -> {
            assertThat(container.runtime()).isEqualTo(runtime);
            assertThat(container.id()).isEqualTo(id.equals("ID") ? ID : id.replace("\\\\", "\\"));
            assertThat(container.podUid()).isEqualTo(podUid == null ? null : UID);
        });
    }

    @ParameterizedTest
    @CsvSource({"/", "/user.slice", "/docker/short", "/kubepods/burstable", "''", "/lxc", "/process_api/36aabd"})
    void findsNoContainerInOtherPaths(String path) {
        assertThat(Container.of(path)).isEmpty();
    }

    @Test
    void shortensIdInLabel() {
        assertThat(new Container("docker", ID, null).label()).isEqualTo("docker:f0123456789a");
        assertThat(new Container("lxc", "web-1", null).label()).isEqualTo("lxc:web-1");
    }

    @Test
    void picksMostSpecificHierarchy() {
        assertThat(CgroupPath.parse("0::/system.slice/a.service\n")).hasValue("/system.slice/a.service");
        assertThat(CgroupPath.parse("0::/\n")).hasValue("/");
        // Hybrid: the v2 path is the root.
        assertThat(CgroupPath.parse("9:cpu,cpuacct:/other\n3:memory:/docker/1\n1:name=systemd:/docker/2\n0::/\n"))
                .hasValue("/docker/1");
        assertThat(CgroupPath.parse("7:freezer:/docker/1\n1:name=systemd:/docker/2\n"))
                .hasValue("/docker/2");
        assertThat(CgroupPath.parse("4:memory:/a:b\n")).hasValue("/a:b");
        assertThat(CgroupPath.parse("")).isEmpty();
        assertThat(CgroupPath.parse("nonsense\n::\n0:\n")).isEmpty();
    }

    @Test
    void toleratesDamagedPath() {
        String text = "12:memory:/kubepods/burstable/pod" + UID + "/" + ID + "\n1:name=systemd:/docker/" + ID
                + "\n0::/system.slice/docker-" + ID + ".scope\n";
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            StringBuilder damaged = new StringBuilder(text);
            for (int i = random.nextInt(8); i >= 0; i--) {
                int at = random.nextInt(damaged.length());
                switch (random.nextInt(4)) {
                    case 0 -> damaged.deleteCharAt(at);
                    case 1 -> damaged.insert(at, (char) random.nextInt(0x300));
                    case 2 -> damaged.setCharAt(at, "/:-_.\n".charAt(random.nextInt(6)));
                    default -> damaged.insert(at, damaged.substring(random.nextInt(at + 1), at));
                }
            }
            assertThatCode(() -> CgroupPath.parse(damaged.toString())
                            .flatMap(Container::of)
                            .map(Container::label))
                    .as("seed %d: %s", seed, damaged)
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void toleratesRandomText() {
        String alphabet = "0:/:,-_.\\x2d\n\tdockerkubepodslxc64scopeslice0123456789abcdef\u0000é";
        List<String> parts = List.of("0::", "/docker/", ID, "kubepods-pod", UID, ".slice", ".scope", "\n", ":memory:");
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(20); i > 0; i--) {
                text.append(
                        random.nextBoolean()
                                ? parts.get(random.nextInt(parts.size()))
                                : alphabet.charAt(random.nextInt(alphabet.length())) + "");
            }
            assertThatCode(() -> CgroupPath.parse(text.toString()).ifPresent(Container::of))
                    .as("seed %d: %s", seed, text)
                    .doesNotThrowAnyException();
        }
    }
}
