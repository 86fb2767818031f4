package dev.aioscope.agent;

import dev.aioscope.host.Processes;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Identifies the process of each context. At io_setup the kernel sends a record of a process that is new to it, before that
 * of the call. After a scan, this class asks the kernel about processes whose contexts are older than the probes or whose
 * record was lost, and has their arguments read. Nothing waits for that.
 */
public final class IdentityCollector implements ForwardingListener {
    private static final Logger LOG = LoggerFactory.getLogger(IdentityCollector.class);
    private static final int MAX_UNKNOWN = 16_384;

    /** How long a command that shows one scan waits for arguments, or in the tier {@code proc} for names. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Processes processes;
    private final LifecycleListener next;
    private final Set<IdentityKey> unknown = new LinkedHashSet<>();

    /** Forwards all events to {@code next}; the caller closes {@code processes}. */
    public IdentityCollector(Processes processes, LifecycleListener next) {
        this.processes = processes;
        this.next = next;
    }

    /** Identifies the holders of one scan, and waits for that. */
    public static void identifyHolders(Probes probes, Inventory inventory, Processes processes) {
        Set<IdentityKey> holders = new LinkedHashSet<>();
        for (LiveContext context : inventory.contexts()) {
            IdentityKey owner = IdentityKey.of(context.owner(), context.mm());
            if (!processes.isKnown(owner)) {
                holders.add(owner);
            }
        }
        identify(probes, processes, holders);
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
        inProgress.stream()
                .flatMap(teardown -> Stream.of(
                        teardown.known().caller(), teardown.known().context().owner()))
                .filter(Objects::nonNull)
                .forEach(task -> note(IdentityKey.of(task, 0)));
        identify(probes, processes, unknown);
        unknown.clear();
    }

    private static void identify(Probes probes, Processes processes, Set<IdentityKey> unknown) {
        if (unknown.isEmpty()) {
            return;
        }
        try {
            probes.processes(process -> {});
        } catch (ProbeException e) {
            LOG.warn("cannot identify processes by BPF: {} (hint: {})", e.getMessage(), e.hint());
        }
        unknown.forEach(processes::read);
    }

    /** Number of processes without an identity. */
    public long unidentified() {
        return processes.unidentified();
    }

    /** How often the process that reads others did not start or did not answer. */
    public long helperFailures() {
        return processes.helperFailures();
    }

    /** Why processes cannot be read at present; empty if they can. */
    public List<String> remarks() {
        return processes.fault().stream()
                .map(fault -> fault + " (hint: see the log; some processes stay without a name or arguments meanwhile)")
                .toList();
    }
}
