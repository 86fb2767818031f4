package dev.aioscope.agent;

import dev.aioscope.event.ProcessEvent;
import dev.aioscope.host.CgroupPath;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.host.Processes;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Identifies the process of each context. At io_setup the kernel sends a record of a process that is new to it, before that
 * of the call. After a scan, this class asks the kernel about processes whose contexts are older than the probes or whose
 * record was lost, and has their arguments read. Nothing waits for that.
 */
public final class IdentityCollector implements ForwardingListener {
    private static final Logger LOG = LoggerFactory.getLogger(IdentityCollector.class);
    /** The end of a command line of which the rest is missing. */
    private static final String CUT = "…";

    private static final int MAX_UNKNOWN = 16_384;

    /** How long a command that shows one scan waits for arguments, or in the tier {@code proc} for names. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Processes processes;
    private final LifecycleListener next;
    private final Set<IdentityKey> unknown = new LinkedHashSet<>();
    private String lastFailure = "";

    /** Forwards all events to {@code next}; the caller closes {@code processes}. */
    public IdentityCollector(Processes processes, LifecycleListener next) {
        this.processes = processes;
        this.next = next;
    }

    /** Takes one scan and identifies the holders, and waits for that. */
    public static Inventory takeInventory(Probes probes, Processes processes) {
        Inventory inventory = Inventory.take(probes);
        identify(
                probes,
                inventory.contexts().stream()
                        .map(context -> IdentityKey.of(context.owner(), context.mm()))
                        .collect(Collectors.toSet()),
                processes);
        return inventory;
    }

    /** Identifies these processes, and waits for that. */
    public static void identify(Probes probes, Set<IdentityKey> wanted, Processes processes) {
        Set<IdentityKey> unknown = new LinkedHashSet<>(wanted);
        unknown.removeIf(processes::isKnown);
        identify(probes, processes, unknown).ifPresent(failure -> LOG.warn("{}", failure));
        processes.await(PATIENCE);
    }

    @Override
    public void onSetup(Context context) {
        note(context);
        next.onSetup(context);
    }

    @Override
    public void onFound(Context context) {
        note(context);
        next.onFound(context);
    }

    private void note(Context context) {
        Task owner = context.owner();
        if (owner != null) {
            note(IdentityKey.of(owner, context.mm()));
        }
    }

    private void note(IdentityKey process) {
        if (!processes.isKnown(process) && unknown.size() < MAX_UNKNOWN) {
            unknown.add(process);
        }
    }

    @Override
    public void forward(Consumer<LifecycleListener> delivery) {
        delivery.accept(next);
    }

    /** Identifies the processes that a scan of these probes has found or whose record is missing. */
    void afterScan(Probes probes, List<TeardownInProgress> inProgress) {
        inProgress.stream().map(TeardownInProgress::known).forEach(teardown -> {
            note(teardown.context());
            Task caller = teardown.caller();
            if (caller != null) {
                note(IdentityKey.of(caller, 0));
            }
        });
        processes.readPostponed();
        identify(probes, processes, unknown)
                .filter(failure -> !failure.equals(lastFailure))
                .ifPresent(this::warn);
        unknown.clear();
    }

    /** Logs the same failure once. */
    private void warn(String failure) {
        lastFailure = failure;
        LOG.warn("{}", failure);
    }

    /** Returns why the kernel's own scan of the processes failed; empty if it did not. */
    private static Optional<String> identify(Probes probes, Processes processes, Set<IdentityKey> unknown) {
        Optional<String> failure = Optional.empty();
        try {
            if (!unknown.isEmpty()) {
                probes.processes(process -> learn(process, processes));
            }
        } catch (ProbeException e) {
            failure = Optional.of("cannot identify processes by BPF: " + e.getMessage() + " (hint: " + e.hint() + ")");
        }
        unknown.forEach(processes::read);
        return failure;
    }

    /** Learns from a record of the kernel. */
    void accept(ProcessEvent process) {
        learn(process, processes);
    }

    private static void learn(ProcessEvent process, Processes processes) {
        IdentityKey key = new IdentityKey(process.pid(), process.processStart(), process.mm());
        processes.learn(key, identity(process, processes));
    }

    private static Identity identity(ProcessEvent process, Processes processes) {
        Long user = process.userId();
        Long group = process.groupId();
        return new Identity(
                process.processComm(),
                process.executable(),
                arguments(process),
                false,
                user == null ? null : processes.userName(user.intValue()),
                group == null ? null : processes.groupName(group.intValue()),
                cgroup(process, processes),
                new Namespaces(
                        isOther(process.isInHostPidNamespace()) ? process.namespacePid() : null,
                        isOther(process.isInHostUtsNamespace()) ? process.nodeName() : null));
    }

    private static @Nullable String cgroup(ProcessEvent process, Processes processes) {
        String v2 = process.cgroupPath();
        String v1 = process.cgroupV1Path();
        return CgroupPath.choose(
                v2 == null ? null : CgroupPath.lineOfV2(v2), v1 == null ? null : processes.cgroupV1Line(v1));
    }

    private static boolean isOther(@Nullable Boolean isHosts) {
        return isHosts != null && !isHosts;
    }

    private static List<String> arguments(ProcessEvent process) {
        List<String> known = process.arguments();
        List<String> arguments = new ArrayList<>(known == null ? List.of() : known);
        if (process.areArgumentsCut()) {
            arguments.add(CUT);
        }
        return arguments;
    }

    /** Number of processes without an identity. */
    public long unidentified() {
        return processes.unidentified();
    }

    /** How often the process that reads others did not start or did not answer. */
    public long helperFailures() {
        return processes.helperFailures();
    }

    /** Why processes and names of containers cannot be read at present; empty if they can. */
    public List<String> remarks() {
        return Stream.concat(
                        processes.fault().stream()
                                .map(
                                        fault -> fault
                                                + " (hint: see the log; some processes stay without a name or arguments meanwhile)"),
                        processes.containerNamesFault().stream())
                .toList();
    }
}
