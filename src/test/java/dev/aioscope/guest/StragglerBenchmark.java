package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.core.CoreEngine;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/**
 * Measures the cost of observing late completions: attaching and detaching the probe, and each request of the host
 * while it is attached. Run it in a guest, in the project folder: {@code packaging/lab/lab run 6.1 -- java -cp
 * 'target/classes:target/test-classes:target/test-lib/*' dev.aioscope.guest.StragglerBenchmark}.
 */
final class StragglerBenchmark {
    private static final int EPISODES = 21;
    private static final int PAIRS = 5;
    /** The pointer of no context: requests are looked up and not found, like all but those of the stuck context. */
    private static final Map<Long, Long> FOLLOWED = Map.of(64L, 4096L);

    private StragglerBenchmark() {}

    /** Prints two lines for each attach method. */
    public static void main(String[] arguments) throws IOException {
        NullBlockDevice.loadQuick();
        ProgramRuns.enable();
        for (AttachMethod attachMethod : AttachMethod.values()) {
            measure(attachMethod.toString(), new TestAgent(Tier.FULL, attachMethod));
            measure(
                    attachMethod + " without aio_complete",
                    new TestAgent(Tier.FULL, attachMethod, new EngineWithoutAioComplete(new CoreEngine())));
        }
    }

    private static void measure(String name, TestAgent opened) throws IOException {
        try (TestAgent agent = opened) {
            Probes probes = agent.probes();
            probes.follow(FOLLOWED);
            episodes(name, probes);
            pairs(name, probes);
        }
    }

    private static void episodes(String name, Probes probes) {
        long[] attached = new long[EPISODES];
        long[] detached = new long[EPISODES];
        for (int i = 0; i < EPISODES; i++) {
            long begin = System.nanoTime();
            probes.reportCompletions(true);
            long middle = System.nanoTime();
            probes.reportCompletions(false);
            attached[i] = middle - begin;
            detached[i] = System.nanoTime() - middle;
        }
        System.out.printf("%s: attached in %s ms, detached in %s ms%n", name, millis(attached), millis(detached));
    }

    private static String millis(long[] nanos) {
        Arrays.sort(nanos);
        return "%.1f (%.1f to %.1f)"
                .formatted(nanos[nanos.length / 2] / 1e6, nanos[0] / 1e6, nanos[nanos.length - 1] / 1e6);
    }

    /** Alternates without and with the probe, so that both see the same other load. */
    private static void pairs(String name, Probes probes) throws IOException {
        double[] without = new double[PAIRS];
        double[] with = new double[PAIRS];
        double[] difference = new double[PAIRS];
        double[] inside = new double[PAIRS];
        for (int i = 0; i < PAIRS; i++) {
            without[i] = microsPerRequest();
            probes.reportCompletions(true);
            ProgramRuns before = ProgramRuns.now();
            with[i] = microsPerRequest();
            ProgramRuns runs = ProgramRuns.now().since(before);
            inside[i] = (double) runs.nanos() / runs.count();
            probes.reportCompletions(false);
            difference[i] = with[i] - without[i];
        }
        for (double[] all : new double[][] {without, with, difference, inside}) {
            Arrays.sort(all);
        }
        System.out.printf(
                "%s: a request takes %.2f µs without and %.2f µs with it, median difference of %d pairs %.2f µs (%.2f to"
                        + " %.2f); %.0f ns (%.0f to %.0f) are spent in a run of the program%n",
                name,
                without[PAIRS / 2],
                with[PAIRS / 2],
                PAIRS,
                difference[PAIRS / 2],
                difference[0],
                difference[PAIRS - 1],
                inside[PAIRS / 2],
                inside[0],
                inside[PAIRS - 1]);
    }

    /** Uses one thread that reads as fast as possible. */
    private static double microsPerRequest() throws IOException {
        String terse = Commands.run(
                "fio",
                "--name=read",
                "--filename=/dev/nullb1",
                "--ioengine=libaio",
                "--direct=1",
                "--rw=randread",
                "--bs=4k",
                "--iodepth=32",
                "--time_based",
                "--runtime=2",
                "--output-format=terse");
        // The eighth field is the number of reads per second.
        return 1e6 / Double.parseDouble(terse.strip().split(";", -1)[7]);
    }
}
