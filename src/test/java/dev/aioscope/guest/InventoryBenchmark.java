package dev.aioscope.guest;

import com.sun.management.ThreadMXBean;
import dev.aioscope.agent.ProbeSelector;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.core.CoreEngine;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;

/**
 * Measures a scan of 10,000 contexts in 1,000 processes against a scan of the same host without them. Run it as root in
 * the project folder: {@code java -cp ... dev.aioscope.guest.InventoryBenchmark}.
 */
final class InventoryBenchmark {
    private static final int PROCESSES = 1000;
    private static final int EACH = 10;
    private static final int WARM_UP = 30;
    private static final int SCANS = 100;

    private InventoryBenchmark() {}

    /** Prints one line for each. */
    public static void main(String[] arguments) throws Exception {
        AioWork.compile();
        List<AioWork> all = new ArrayList<>();
        try (Probes probes = ProbeSelector.open(
                        List.of(new CoreEngine()), List.of(Tier.SAMPLE), EnumSet.allOf(Mode.class), ProbeSettings.PLAIN)
                .probes()) {
            measure(probes);
            for (int i = 0; i < PROCESSES; i++) {
                all.add(AioWork.start("many", "--count", "" + EACH, "--charge", "1", "--wait"));
            }
            for (AioWork work : all) {
                work.await("ready");
            }
            measure(probes);
        } finally {
            all.forEach(AioWork::close);
        }
    }

    private static void measure(Probes probes) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < WARM_UP; i++) {
            Inventory.take(probes);
        }
        long[] times = new long[SCANS];
        long cpu = threads.getCurrentThreadCpuTime();
        long user = threads.getCurrentThreadUserTime();
        long allocated = threads.getCurrentThreadAllocatedBytes();
        int contexts = 0;
        for (int i = 0; i < SCANS; i++) {
            long begin = System.nanoTime();
            contexts = Inventory.take(probes).contexts().size();
            times[i] = System.nanoTime() - begin;
        }
        allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
        user = threads.getCurrentThreadUserTime() - user;
        cpu = threads.getCurrentThreadCpuTime() - cpu;
        Arrays.sort(times);
        System.out.printf(
                "%d contexts: %.1f ms smallest, %.1f ms median; CPU %.1f ms, of which kernel %.1f ms; %d KB allocated%n",
                contexts,
                times[0] / 1e6,
                times[SCANS / 2] / 1e6,
                cpu / 1e6 / SCANS,
                (cpu - user) / 1e6 / SCANS,
                allocated / 1024 / SCANS);
    }
}
