package dev.aioscope.guest;

import dev.aioscope.guest.TestAgent.Placing;
import dev.aioscope.kernel.Host;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.core.CoreEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What it costs to catch late completions: to place the probe and to take it away, and each request of the host while it
 * is there. Run it in a guest, in the project's folder: {@code packaging/lab/lab run 6.1 -- java -cp
 * 'target/classes:target/test-classes:target/test-lib/*' dev.aioscope.guest.StragglerBenchmark}.
 */
final class StragglerBenchmark {
    private static final int EPISODES = 21;
    private static final int PAIRS = 5;
    /** The pointer of no context: requests are looked up and not found, as all but those of the stuck one. */
    private static final Map<Long, Long> FOLLOWED = Map.of(64L, 4096L);

    private StragglerBenchmark() {}

    /** Prints two lines for each placing. */
    public static void main(String[] arguments) throws IOException {
        NullBlk.loadQuick();
        Files.writeString(Path.of("/proc/sys/kernel/bpf_stats_enabled"), "1");
        for (Placing placing : Placing.values()) {
            measure(placing.toString(), new TestAgent(Tier.FULL, placing));
            measure(
                    placing + " without aio_complete",
                    new TestAgent(Tier.FULL, placing, new WithoutAioComplete(new CoreEngine())));
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
        long[] placed = new long[EPISODES];
        long[] taken = new long[EPISODES];
        for (int i = 0; i < EPISODES; i++) {
            long begin = System.nanoTime();
            probes.reportCompletions(true);
            long middle = System.nanoTime();
            probes.reportCompletions(false);
            placed[i] = middle - begin;
            taken[i] = System.nanoTime() - middle;
        }
        System.out.printf("%s: placed in %s ms, taken away in %s ms%n", name, millis(placed), millis(taken));
    }

    private static String millis(long[] nanos) {
        Arrays.sort(nanos);
        return "%.1f (%.1f to %.1f)"
                .formatted(nanos[nanos.length / 2] / 1e6, nanos[0] / 1e6, nanos[nanos.length - 1] / 1e6);
    }

    /** Without and with the probe in turn, so that both see the same of what else the machine does. */
    private static void pairs(String name, Probes probes) throws IOException {
        double[] without = new double[PAIRS];
        double[] with = new double[PAIRS];
        double[] difference = new double[PAIRS];
        double[] inside = new double[PAIRS];
        for (int i = 0; i < PAIRS; i++) {
            without[i] = microsPerRequest();
            probes.reportCompletions(true);
            Runs before = Runs.now();
            with[i] = microsPerRequest();
            inside[i] = Runs.now().nanosEachSince(before);
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

    /** What the kernel has measured of all programs of this process. */
    private record Runs(long count, long nanos) {
        static Runs now() throws IOException {
            long count = 0;
            long nanos = 0;
            try (Stream<Path> files = Files.list(Path.of("/proc/self/fdinfo"))) {
                for (Path file : files.toList()) {
                    String info = Host.read(file.toString()).orElse("");
                    count += number(info, "run_cnt");
                    nanos += number(info, "run_time_ns");
                }
            }
            return new Runs(count, nanos);
        }

        private static long number(String info, String name) {
            return info.lines()
                    .filter(line -> line.startsWith(name + ":"))
                    .mapToLong(line ->
                            Long.parseLong(line.substring(name.length() + 1).strip()))
                    .sum();
        }

        double nanosEachSince(Runs before) {
            return (double) (nanos - before.nanos) / (count - before.count);
        }
    }

    /** One thread that reads as fast as it can. */
    private static double microsPerRequest() throws IOException {
        String terse = Command.run(
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
