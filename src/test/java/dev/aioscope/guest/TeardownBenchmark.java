package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.kernel.Aio;
import dev.aioscope.probe.Tier;
import java.io.IOException;
import java.util.Arrays;

/**
 * Measures how much of an {@code io_setup} and an {@code io_destroy} of an idle context the programs of the tier
 * {@code full} take. Run it in a guest, in the project folder: {@code packaging/lab/lab run 6.12 -- java -cp
 * 'target/classes:target/test-classes:target/test-lib/*' dev.aioscope.guest.TeardownBenchmark}.
 */
final class TeardownBenchmark {
    private static final int CONTEXTS = 50;
    private static final int ROUNDS = 7;

    private TeardownBenchmark() {}

    /** Prints a line for each attach method. */
    public static void main(String[] arguments) throws IOException {
        ProgramRuns.enable();
        for (AttachMethod attachMethod : AttachMethod.values()) {
            try (TestAgent agent = new TestAgent(Tier.FULL, attachMethod)) {
                measure(attachMethod, agent);
            }
        }
    }

    private static void measure(AttachMethod attachMethod, TestAgent agent) throws IOException {
        double[] runs = new double[ROUNDS];
        double[] inside = new double[ROUNDS];
        double[] whole = new double[ROUNDS];
        long[] handle = new long[1];
        for (int i = 0; i < ROUNDS; i++) {
            ProgramRuns before = ProgramRuns.now();
            long begin = System.nanoTime();
            for (int context = 0; context < CONTEXTS; context++) {
                handle[0] = 0;
                Aio.setup(8, handle);
                Aio.destroy(handle[0]);
            }
            whole[i] = (System.nanoTime() - begin) / 1e3 / CONTEXTS;
            ProgramRuns during = ProgramRuns.now().since(before);
            runs[i] = (double) during.count() / CONTEXTS;
            inside[i] = during.nanos() / 1e3 / CONTEXTS;
            agent.read();
        }
        for (double[] all : new double[][] {runs, inside, whole}) {
            Arrays.sort(all);
        }
        System.out.printf(
                "%s: %.1f runs of programs take %.2f µs (%.2f to %.2f) of the %.0f µs of an io_setup and an io_destroy%n",
                attachMethod, runs[ROUNDS / 2], inside[ROUNDS / 2], inside[0], inside[ROUNDS - 1], whole[ROUNDS / 2]);
    }
}
