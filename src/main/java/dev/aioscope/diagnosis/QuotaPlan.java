package dev.aioscope.diagnosis;

import dev.aioscope.inventory.Holder;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.probe.ProbeException;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How many more processes of each program fit into {@code fs.aio-max-nr}.
 *
 * @param inventory of the host
 * @param programs largest charge first
 * @param isRequested whether more processes were requested
 * @param needed the smallest {@code fs.aio-max-nr} for the current and the requested processes; null if unknown
 */
public record QuotaPlan(
        Inventory inventory,
        List<Program> programs,
        boolean isRequested,
        @Nullable BigInteger needed) {
    /**
     * The processes of one comm.
     *
     * @param largestCharge of one of its processes; null if unknown
     * @param fits how many more of them fit into the quota; null if unknown
     */
    public record Program(
            Holder holder,
            @Nullable Long largestCharge,
            @Nullable BigInteger fits) {}

    /**
     * Plans the quota.
     *
     * @param more how many more processes to plan for, by comm; not negative
     * @throws IllegalArgumentException if no process with a requested comm holds a context
     * @throws ProbeException if the tier of the inventory does not show charges
     */
    public static QuotaPlan of(Inventory inventory, Map<String, Integer> more) {
        List<Program> programs = Holder.group(
                        inventory.contexts(), context -> context.owner().comm())
                .stream()
                .map(holder -> program(holder, inventory.quota().headroom()))
                .toList();
        return new QuotaPlan(inventory, programs, !more.isEmpty(), needed(inventory, programs, more));
    }

    private static Program program(Holder holder, @Nullable BigInteger headroom) {
        // Groups are sorted by charge, the largest first.
        Long largest = Holder.group(
                        holder.contexts(),
                        context -> Integer.toString(context.owner().pid()))
                .get(0)
                .charge();
        BigInteger fits = largest == null || largest == 0 || headroom == null
                ? null
                : headroom.max(BigInteger.ZERO).divide(BigInteger.valueOf(largest));
        return new Program(holder, largest, fits);
    }

    private static @Nullable BigInteger needed(Inventory inventory, List<Program> programs, Map<String, Integer> more) {
        BigInteger added = BigInteger.ZERO;
        for (Map.Entry<String, Integer> entry : more.entrySet()) {
            Long largest = find(entry.getKey(), programs).largestCharge;
            if (largest == null) {
                throw new ProbeException(
                        "cannot plan for " + entry.getKey() + ": the tier "
                                + inventory.tier().label() + " does not show charges",
                        "run as root, or with CAP_BPF and CAP_PERFMON, for the tier sample");
            }
            added = added.add(BigInteger.valueOf(largest).multiply(BigInteger.valueOf(entry.getValue())));
        }
        Long charge = inventory.charge();
        BigInteger used = inventory.quota().aioNr();
        if (used == null && charge != null) {
            used = BigInteger.valueOf(charge);
        }
        return used == null ? null : used.add(added);
    }

    private static Program find(String comm, List<Program> programs) {
        return programs.stream()
                .filter(program -> program.holder.name().equals(comm))
                .findFirst()
                .orElseThrow(() -> {
                    String names = programs.stream()
                            .map(program -> program.holder.name())
                            .collect(Collectors.joining(", "));
                    return new IllegalArgumentException("no process named '" + comm + "' holds a context now"
                            + (names.isEmpty() ? "" : "; holders: " + names));
                });
    }
}
