package dev.aioscope.diagnosis;

import dev.aioscope.host.Container;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.probe.ProbeException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How many more processes of each program fit into {@code fs.aio-max-nr}.
 *
 * @param inventory of the host
 * @param programs largest charge first
 * @param requests in the order of the request
 * @param limitFile the file that sets the limit
 */
public record QuotaPlan(Inventory inventory, List<Program> programs, List<Request> requests, LimitFile limitFile) {
    private static final Comparator<@Nullable Long> NUMBERS = Comparator.nullsFirst(Comparator.naturalOrder());

    /**
     * The processes of one program in one container.
     *
     * @param name the name of the executable, or else of a thread
     * @param container null outside of containers and units, and if unknown
     * @param largest the process with the largest charge
     * @param cpus of the host
     * @param fits how many more processes like the largest fit into the quota; null if unknown
     */
    public record Program(
            Holder holder,
            String name,
            @Nullable String container,
            Holder largest,
            int cpus,
            @Nullable BigInteger fits) {
        /** The largest charge of one of its processes; null if unknown. */
        public @Nullable Long largestCharge() {
            return largest.charge();
        }

        /** Contexts of that process for each CPU; null if their number is no multiple of the CPUs. */
        public @Nullable Integer contextsPerCpu() {
            int contexts = largest.contexts().size();
            return cpus > 1 && contexts % cpus == 0 ? (Integer) (contexts / cpus) : null;
        }

        /** The charge for each CPU; null if it does not grow with them, or is unknown. */
        public @Nullable Long chargePerCpu() {
            Long charge = largestCharge();
            return charge == null || contextsPerCpu() == null || charge % cpus != 0 ? null : (Long) (charge / cpus);
        }

        private boolean isNamed(String wanted) {
            return wanted.equals(name)
                    || wanted.equals(name + "@" + container)
                    || holder.contexts().stream()
                            .anyMatch(context -> context.owner().comm().equals(wanted));
        }
    }

    /**
     * Processes to plan for.
     *
     * @param more number of processes
     * @param total their charge
     */
    public record Request(Program program, int more, BigInteger total) {}

    /**
     * Plans the quota.
     *
     * @param identities of the processes
     * @param cpus of the host
     * @param more how many more processes to plan for, by program, program@container or comm; not negative
     * @throws IllegalArgumentException if no requested program holds a context
     * @throws ProbeException if the tier of the inventory does not show charges
     */
    public static QuotaPlan of(
            Inventory inventory, Identities identities, int cpus, LimitFile limitFile, Map<String, Integer> more) {
        List<Program> programs = Holder.group(inventory.contexts(), context -> key(context, identities)).stream()
                .map(holder -> program(holder, identities, cpus, inventory))
                .toList();
        List<Request> requests = new ArrayList<>();
        more.forEach((name, count) -> requests.add(request(find(name, programs), count, inventory)));
        return new QuotaPlan(inventory, programs, List.copyOf(requests), limitFile);
    }

    private static String key(LiveContext context, Identities identities) {
        Identity identity = identities.of(context.owner(), context.mm());
        return name(context, identity) + "\0" + container(identity);
    }

    private static String name(LiveContext context, Identity identity) {
        String executable = identity.executableName();
        return executable == null ? context.owner().comm() : executable;
    }

    private static @Nullable String container(Identity identity) {
        return identity.container().map(Container::uniqueLabel).orElse(null);
    }

    private static Program program(Holder holder, Identities identities, int cpus, Inventory inventory) {
        // Groups are sorted by charge, the largest first.
        Holder largest = Holder.group(
                        holder.contexts(),
                        context -> Integer.toString(context.owner().pid()))
                .get(0);
        Long charge = largest.charge();
        BigInteger headroom = inventory.quota().headroom();
        BigInteger fits = charge == null || charge == 0 || headroom == null
                ? null
                : headroom.max(BigInteger.ZERO).divide(BigInteger.valueOf(charge));
        LiveContext first = largest.contexts().get(0);
        Identity identity = identities.of(first.owner(), first.mm());
        return new Program(holder, name(first, identity), container(identity), largest, cpus, fits);
    }

    private static Request request(Program program, int more, Inventory inventory) {
        Long largest = program.largestCharge();
        if (largest == null) {
            throw new ProbeException(
                    "cannot plan for " + program.name() + ": the tier "
                            + inventory.tier().label() + " does not show charges",
                    "run as root, or with CAP_BPF and CAP_PERFMON, for the tier sample");
        }
        return new Request(program, more, BigInteger.valueOf(largest).multiply(BigInteger.valueOf(more)));
    }

    /** Of several programs with this name, the one whose processes charge most. */
    private static Program find(String wanted, List<Program> programs) {
        return programs.stream()
                .filter(program -> program.isNamed(wanted))
                .max(Comparator.comparing(Program::largestCharge, NUMBERS))
                .orElseThrow(() -> {
                    String names =
                            programs.stream().map(Program::name).distinct().collect(Collectors.joining(", "));
                    return new IllegalArgumentException("no process named '" + wanted + "' holds a context now"
                            + (names.isEmpty() ? "" : "; holders: " + names));
                });
    }

    /** The charge of all contexts now; null if unknown. */
    public @Nullable BigInteger used() {
        Long charge = inventory.charge();
        BigInteger used = inventory.quota().aioNr();
        return used != null || charge == null ? used : BigInteger.valueOf(charge);
    }

    /** The smallest limit for the current and the requested processes; null if unknown. */
    public @Nullable BigInteger needed() {
        BigInteger used = used();
        return used == null ? null : requests.stream().map(Request::total).reduce(used, BigInteger::add);
    }
}
