package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;

/** Cgroup paths of the runtimes, on v1 and v2, with the systemd and the cgroupfs driver. */
class ContainerTest {
    private static final String ID = "f0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
    private static final String UID = "01234567-89ab-cdef-0123-456789abcdef";

    private static final String POD =
            "/kubepods.slice/kubepods-pod" + UID.replace('-', '_') + ".slice/cri-containerd-" + ID + ".scope";

    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "/cgroups.tsv", delimiter = '\t', maxCharsPerColumn = -1)
    void findsContainerInCgroupFile(String form, String lines, String runtime, String id, String podUid) {
        Optional<Container> found = CgroupPath.parse(lines.replace(";;", "\n") + "\n")
                .map(CgroupPath::of)
                .flatMap(Container::of);

        assertThat(found.map(Container::runtime)).isEqualTo(Optional.ofNullable(runtime));
        assertThat(found.map(Container::id)).isEqualTo(Optional.ofNullable(id));
        assertThat(found.map(Container::podUid)).isEqualTo(Optional.ofNullable(podUid));
    }

    @Test
    void namesPodAfterItsHostName() {
        assertThat(Container.of(POD, "web-0", KubernetesNames.UNKNOWN)).hasValueSatisfying(container -> {
            assertThat(container.podName()).isEqualTo("web-0");
            assertThat(container.name()).isNull();
            assertThat(container.label()).isEqualTo("containerd:web-0");
            assertThat(container.uniqueLabel()).isEqualTo("containerd:web-0/f0123456789a");
        });
        assertThat(Container.of(POD, "web-0.web.shop.svc.cluster.local", KubernetesNames.UNKNOWN)
                        .map(Container::podName))
                .hasValue("web-0");
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "null",
            value = {
                "POD, null", // The host's UTS namespace.
                "POD/docker/ID, 0123456789ab", // A container in the pod's container.
                "/system.slice/docker-ID.scope, f0123456789a", // Not a pod.
                "/system.slice/mariadb.service, web-0",
                // Kubernetes may have cut it.
                "POD, a123456789-123456789-123456789-123456789-123456789-123456789-12",
            })
    void doesNotGuessPodName(String path, String hostName) {
        assertThat(Container.of(path.replace("POD", POD).replace("ID", ID), hostName, KubernetesNames.UNKNOWN))
                .hasValueSatisfying(container -> {
                    assertThat(container.podName()).isNull();
                    assertThat(container.name()).isNull();
                });
    }

    /** The driver cgroupfs shows no runtime, and a pod with the network of the host no host name. */
    @Test
    void takesNamesOfOtherSources() {
        KubernetesNames names = new KubernetesNames("containerd", UID, "shop", "db-0", "engine");
        Container expected = new Container("containerd", ID, true, UID, "db-0", "shop", "engine");
        assertThat(Container.of("/kubepods/besteffort/pod" + UID + "/" + ID, null, names))
                .hasValue(expected);
        assertThat(Container.of("/kubepods/besteffort/pod" + UID + "/" + ID, "other", names))
                .as("spec.hostname")
                .hasValue(expected);
        assertThat(Container.of("…/" + ID, "db-0", names))
                .as("the pod of the agent, in a cgroup namespace")
                .hasValue(expected);
        assertThat(expected.label()).isEqualTo("containerd:shop/db-0/engine");
        assertThat(expected.uniqueLabel()).isEqualTo("containerd:shop/db-0/engine/f0123456789a");
    }

    @Test
    void rejectsNamesOfAnotherContainer() {
        KubernetesNames names = new KubernetesNames("containerd", UID.replace('0', '1'), "shop", "db-0", "engine");
        assertThat(Container.of(POD, null, names))
                .hasValue(new Container("containerd", ID, true, UID, null, null, null));
        assertThat(Container.of(POD + "/docker/" + ID, null, new KubernetesNames(null, UID, null, "db-0", "engine")))
                .as("a container in the pod's container")
                .hasValue(new Container("docker", ID, true, UID, null, null, null));
    }

    @Test
    void hasNoUidOfStaticPod() {
        String path = "/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" + ID;
        assertThat(Container.of(path, "etcd-node1", KubernetesNames.UNKNOWN))
                .hasValue(new Container("kubernetes", ID, true, null, "etcd-node1", null, null));
    }

    @ParameterizedTest
    @CsvSource({
        "0::/../../besteffort/pod1/ID, …/besteffort/pod1/ID",
        "0::/../ID, …/ID",
        "0::/..a/b, /..a/b",
        "4:memory:/../../x, …/x",
    })
    void marksMissingNamesInCgroupNamespace(String line, String path) {
        assertThat(CgroupPath.parse(line).map(CgroupPath::of)).hasValue(path);
        assertThat(CgroupPath.parse("0::/../../..")).isEmpty();
    }

    @Test
    void namesContainerWhoseIdIsItsName() {
        assertThat(Container.of("/lxc.payload.web-1").map(Container::name)).hasValue("web-1");
        assertThat(Container.of("/machine.slice/systemd-nspawn@web.service").map(Container::name))
                .hasValue("web");
        assertThat(Container.of("/qemu.slice/100.scope").map(Container::name)).isEmpty();
    }

    @Test
    void shortensIdInLabel() {
        assertThat(Container.of("/docker/" + ID).map(Container::label)).hasValue("docker:f0123456789a");
        assertThat(Container.of("/docker/" + ID).map(Container::uniqueLabel)).hasValue("docker:f0123456789a");
        assertThat(Container.of("/lxc/web-1").map(Container::label)).hasValue("lxc:web-1");
    }

    @Test
    void keepsHierarchyOfChosenPath() {
        assertThat(CgroupPath.parse("9:cpu,cpuacct:/other\n3:memory:/docker/" + ID + "\n0::/\n"))
                .hasValue("3:memory:/docker/" + ID);
        assertThat(CgroupPath.of("3:memory:/a:b:c")).isEqualTo("/a:b:c");
        assertThat(CgroupPath.of("/a:b:c")).isEqualTo("/a:b:c");
        assertThat(CgroupPath.of(CgroupPath.lineOfV2("/a"))).isEqualTo("/a");
    }

    @Test
    void addsHierarchyToPathInRecord() {
        String names = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n";
        String joined = names + "cpuset\t3\t5\t1\ncpu\t1\t5\t1\ncpuacct\t1\t5\t1\nmemory\t0\t4\t1\n";
        assertThat(CgroupPath.linesOfV1(joined).apply("/a")).isEqualTo("1:cpu,cpuacct:/a");
        assertThat(CgroupPath.linesOfV1(names + "cpu\t1\t5\t1\nmemory\t4\t4\t1\n")
                        .apply("/a"))
                .isEqualTo("4:memory:/a");
        assertThat(CgroupPath.linesOfV1("").apply("/a")).as("a recording").isEqualTo("/a");
    }

    @Test
    void choosesPathThatSaysMost() {
        assertThat(CgroupPath.choose("/system.slice/containerd.service", "/docker/" + ID))
                .isEqualTo("/docker/" + ID);
        assertThat(CgroupPath.choose(POD, "/docker/" + ID)).isEqualTo(POD);
        assertThat(CgroupPath.choose("/user.slice", "/system.slice/a.service")).isEqualTo("/system.slice/a.service");
        assertThat(CgroupPath.choose("/a.service", "/b.service")).isEqualTo("/a.service");
        assertThat(CgroupPath.choose("/", "/jobs")).isEqualTo("/jobs");
        assertThat(CgroupPath.choose(null, "/")).isEqualTo("/");
        assertThat(CgroupPath.choose("/", null)).isEqualTo("/");
        assertThat(CgroupPath.choose(null, null)).isNull();
    }

    @Test
    void picksMostSpecificHierarchy() {
        assertThat(CgroupPath.parse("0::/system.slice/a.service\n").map(CgroupPath::of))
                .hasValue("/system.slice/a.service");
        assertThat(CgroupPath.parse("0::/\n").map(CgroupPath::of)).hasValue("/");
        // Hybrid: the v2 path is the root.
        assertThat(CgroupPath.parse("9:cpu,cpuacct:/other\n3:memory:/docker/1\n1:name=systemd:/docker/2\n0::/\n")
                        .map(CgroupPath::of))
                .hasValue("/docker/1");
        assertThat(CgroupPath.parse("7:freezer:/docker/1\n1:name=systemd:/docker/2\n")
                        .map(CgroupPath::of))
                .hasValue("/docker/2");
        assertThat(CgroupPath.parse("4:memory:/a:b\n").map(CgroupPath::of)).hasValue("/a:b");
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
                            .map(CgroupPath::of)
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
            assertThatCode(() -> CgroupPath.parse(text.toString())
                            .map(CgroupPath::of)
                            .ifPresent(Container::of))
                    .as("seed %d: %s", seed, text)
                    .doesNotThrowAnyException();
        }
    }
}
