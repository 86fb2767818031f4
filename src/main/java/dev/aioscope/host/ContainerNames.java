package dev.aioscope.host;

import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The names of the containers of this Kubernetes node, from the links that kubelet makes in /var/log/containers. A worker
 * reads them, so nothing waits. kubelet makes a link after the start of its container: the worker looks for it again after
 * each scan for a while. Bounded, thread-safe.
 */
public final class ContainerNames {
    /** The default directory. */
    public static final Path DIRECTORY = Path.of("/var/log/containers");

    private static final Logger LOG = LoggerFactory.getLogger(ContainerNames.class);
    private static final int MAX_CONTAINERS = 4096;
    private static final int MAX_PROCESSES = 256;

    /** With the default scan interval, two minutes. */
    private static final int ATTEMPTS = 24;

    /** A container that has no names yet. */
    private static final class Unnamed {
        private final Set<IdentityKey> processes = new HashSet<>();
        private int attempts;
    }

    private final Path directory;
    private final BiConsumer<Set<IdentityKey>, KubernetesNames> onNames;
    private final Map<String, KubernetesNames> known = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, Unnamed> unnamed = new HashMap<>();
    private boolean isReading;

    /** Whether a container was added since the worker began to read. */
    private boolean isIncomplete;

    /** Why the latest attempt failed; empty if it did not. The worker writes it. */
    private volatile String failure = "";

    /**
     * Knows no container yet.
     *
     * @param onNames receives, on the worker, processes of one container for which {@link #of} had no names, and the names;
     *     {@link KubernetesNames#UNKNOWN} if there are none
     */
    ContainerNames(Path directory, BiConsumer<Set<IdentityKey>, KubernetesNames> onNames) {
        this.directory = directory;
        this.onNames = onNames;
    }

    /** The names of the container of this process, or {@link KubernetesNames#UNKNOWN} for now. */
    synchronized KubernetesNames of(String id, IdentityKey process) {
        KubernetesNames names = known.get(id);
        if (names != null) {
            return names;
        }
        if (unnamed.size() < MAX_CONTAINERS || unnamed.containsKey(id)) {
            Set<IdentityKey> processes = unnamed.computeIfAbsent(id, key -> new Unnamed()).processes;
            if (processes.size() < MAX_PROCESSES) {
                processes.add(process);
            }
            isIncomplete = true;
            start();
        }
        return KubernetesNames.UNKNOWN;
    }

    /** Adds what another source knows of a container. */
    synchronized void add(String id, KubernetesNames names) {
        known.merge(id, names, KubernetesNames::or);
        if (known.size() > MAX_CONTAINERS) {
            known.remove(known.keySet().iterator().next());
        }
    }

    /**
     * The number of containers that have names on this host.
     *
     * @throws NoSuchFileException if the directory does not exist, as on a host that is not a Kubernetes node
     * @throws IOException if it is not readable
     */
    public static int count() throws IOException {
        return links(DIRECTORY).size();
    }

    /** Why names are not readable; empty if they are, or if nobody asked for them yet. */
    Optional<String> fault() {
        return Optional.of(failure).filter(reason -> !reason.isEmpty());
    }

    /** Looks again for containers without names, and for the end of a fault, once a scan. Returns at once. */
    synchronized void retry() {
        unnamed.values().forEach(container -> container.attempts++);
        if (!(unnamed.isEmpty() && failure.isEmpty())) {
            start();
        }
    }

    private void start() {
        if (!isReading) {
            isReading = true;
            Worker.supply("container-names", this::readAll).exceptionally(failure -> stop());
        }
    }

    private boolean readAll() {
        do {
            read();
        } while (!isFinished());
        return true;
    }

    /** Reads again for a container that was added meanwhile: no scan may follow. */
    private synchronized boolean isFinished() {
        return !isIncomplete && stop();
    }

    private synchronized boolean stop() {
        isReading = false;
        notifyAll();
        return true;
    }

    /**
     * Waits until the links were read for all containers so far.
     *
     * @param end of the wait at the latest, by {@link System#nanoTime}
     */
    synchronized void await(long end) throws InterruptedException {
        for (long left; isReading && (left = (end - System.nanoTime()) / 1_000_000) > 0; ) {
            wait(left);
        }
    }

    private synchronized void begin() {
        isIncomplete = false;
    }

    private void read() {
        begin();
        Map<String, KubernetesNames> links = Map.of();
        boolean isPresent = true;
        try {
            links = links(directory);
            failure = "";
        } catch (NoSuchFileException e) {
            isPresent = false;
            failure = "";
        } catch (IOException e) {
            warn(e); // The next attempt can succeed.
        }
        take(links, isPresent).forEach(onNames);
    }

    private static Map<String, KubernetesNames> links(Path directory) throws IOException {
        Map<String, KubernetesNames> links = new HashMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            files.forEach(file -> KubernetesNames.Link.parse(String.valueOf(file.getFileName()))
                    .ifPresent(link -> links.put(link.id(), link.names())));
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return links;
    }

    /** Logs the same failure once. */
    private void warn(IOException e) {
        String reason = reason(e) + " (hint: " + hint(directory) + ")";
        if (!reason.equals(failure)) {
            failure = reason;
            LOG.warn("{}", reason);
        }
    }

    /** What to report if the directory is not readable. */
    public static String reason(IOException e) {
        return "cannot read the names of containers: "
                + (e instanceof AccessDeniedException ? "permission denied" : e.toString());
    }

    /** What to do if the directory is not readable. */
    public static String hint(Path directory) {
        return "permit this user to read " + directory;
    }

    /** Takes the containers that have names, or have waited long enough. */
    private synchronized Map<Set<IdentityKey>, KubernetesNames> take(
            Map<String, KubernetesNames> links, boolean isPresent) {
        Map<Set<IdentityKey>, KubernetesNames> taken = new HashMap<>();
        for (Iterator<Map.Entry<String, Unnamed>> all = unnamed.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<String, Unnamed> container = all.next();
            KubernetesNames names = links.get(container.getKey());
            if (names != null || !isPresent || container.getValue().attempts >= ATTEMPTS) {
                add(container.getKey(), names == null ? KubernetesNames.UNKNOWN : names);
                taken.put(
                        container.getValue().processes,
                        known.getOrDefault(container.getKey(), KubernetesNames.UNKNOWN));
                all.remove();
            }
        }
        return taken;
    }
}
