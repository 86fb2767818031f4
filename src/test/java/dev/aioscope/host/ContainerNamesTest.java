package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerNamesTest {
    private static final String ID = "f0".repeat(32);
    private static final KubernetesNames DB = new KubernetesNames(null, null, "shop", "db-0", "engine");
    private static final IdentityKey FIRST = new IdentityKey(1, 1, 1);
    private static final IdentityKey SECOND = new IdentityKey(2, 1, 1);

    private final Map<Set<IdentityKey>, KubernetesNames> observed = new ConcurrentHashMap<>();

    @TempDir
    private Path folder;

    private ContainerNames names(Path directory) {
        return new ContainerNames(directory, observed::put);
    }

    private void link(String name) throws Exception {
        Files.createSymbolicLink(folder.resolve(name), Path.of("/nowhere"));
    }

    @Test
    void namesProcessesOfContainer() throws Exception {
        link("db-0_shop_engine-" + ID + ".log");
        ContainerNames names = names(folder);
        assertThat(names.of(ID, FIRST)).as("for now").isEqualTo(KubernetesNames.UNKNOWN);
        Await.until("the names", () -> observed.equals(Map.of(Set.of(FIRST), DB)));
        assertThat(names.of(ID, SECOND)).isEqualTo(DB);
        assertThat(observed).as("known at once").hasSize(1);
    }

    /** kubelet makes the link after the start of the container. */
    @Test
    void findsNamesThatAppearLater() throws Exception {
        ContainerNames names = names(folder);
        names.of(ID, FIRST);
        names.of(ID, SECOND);
        link("db-0_shop_engine-" + ID + ".log");
        Await.until("the names", () -> {
            names.retry();
            return observed.equals(Map.of(Set.of(FIRST, SECOND), DB));
        });
    }

    /** The scan of a command is the only one, so nothing asks again. */
    @Test
    void namesContainersThatAreAddedDuringRead() throws Exception {
        Set<Set<IdentityKey>> all = new HashSet<>();
        ContainerNames names = names(folder);
        for (int i = 0; i < 200; i++) {
            String id = "%064x".formatted(i);
            link("db-0_shop_engine-" + id + ".log");
            IdentityKey process = new IdentityKey(i + 1, 1, 1);
            all.add(Set.of(process));
            names.of(id, process);
        }
        names.await(System.nanoTime() + Await.LIMIT.toNanos());
        assertThat(observed.keySet()).isEqualTo(all);
    }

    /** Other containers that appear meanwhile do not shorten that. */
    @Test
    void waitsForNamesForSomeScans() throws Exception {
        ContainerNames names = names(folder);
        names.of(ID, FIRST);
        for (int i = 0; i < 100; i++) {
            names.of("%064x".formatted(i), SECOND);
            names.await(System.nanoTime() + Await.LIMIT.toNanos());
        }
        assertThat(observed).isEmpty();
        link("db-0_shop_engine-" + ID + ".log");
        names.retry();
        Await.until("the names", () -> observed.containsKey(Set.of(FIRST)));
        assertThat(observed).containsEntry(Set.of(FIRST), DB);
    }

    @Test
    void stopsLookingAfterSomeScans() {
        ContainerNames names = names(folder);
        names.of(ID, FIRST);
        Await.until("the end", () -> {
            names.retry();
            return observed.equals(Map.of(Set.of(FIRST), KubernetesNames.UNKNOWN));
        });
    }

    @Test
    void doesNotWaitForMissingDirectory() {
        ContainerNames names = names(folder.resolve("missing"));
        names.of(ID, FIRST);
        Await.until("no names", () -> observed.equals(Map.of(Set.of(FIRST), KubernetesNames.UNKNOWN)));
    }

    @Test
    void reportsUnreadableDirectoryUntilItIsReadable() throws Exception {
        Path directory = Files.writeString(folder.resolve("containers"), "");
        try (Processes processes = new Processes(null, false, 10, directory)) {
            assertThat(processes.containerNamesFault()).as("nobody asked").isEmpty();
            processes.learn(FIRST, inPod());
            Await.until("the fault", () -> processes.containerNamesFault().isPresent());
            assertThat(processes.containerNamesFault().orElseThrow())
                    .startsWith("cannot read the names of containers: ")
                    .endsWith(" (hint: permit this user to read " + directory + ")");

            Files.delete(directory);
            Files.createDirectory(directory);
            Await.until("the end of the fault", () -> {
                processes.readPostponed();
                return processes.containerNamesFault().isEmpty();
            });
        }
    }

    /** The names outlive the link, and the first process that was identified. */
    @Test
    void namesIdentityLater() throws Exception {
        List<Identity> learned = new CopyOnWriteArrayList<>();
        try (Processes processes = new Processes(null, false, 10, folder)) {
            processes.setObserver((process, identity) -> learned.add(identity));
            processes.learn(FIRST, inPod());
            assertThat(processes.of(FIRST).container().orElseThrow().podName()).isNull();

            link("db-0_shop_engine-" + ID + ".log");
            Await.until("the names", () -> {
                processes.readPostponed();
                return processes.of(FIRST).kubernetes().equals(DB);
            });
            Files.delete(folder.resolve("db-0_shop_engine-" + ID + ".log"));
            processes.learn(SECOND, inPod());
            assertThat(processes.of(SECOND).container().orElseThrow().label()).isEqualTo("containerd:shop/db-0/engine");
            assertThat(learned).extracting(Identity::kubernetes).containsExactly(KubernetesNames.UNKNOWN, DB, DB);
        }
    }

    private static Identity inPod() {
        String path = "/kubepods.slice/kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice/cri-containerd-" + ID
                + ".scope";
        return new Identity("db", "/bin/db", List.of("db"), false, "999", "999", path, Namespaces.HOST);
    }
}
