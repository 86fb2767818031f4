package dev.aioscope.daemon;

import dev.aioscope.agent.ProbeSelector.SelectedProbes;
import dev.aioscope.agent.ProbeSelector.UnavailableTier;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Rejection;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.SelfTestResult;
import dev.aioscope.worker.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tests the probes at an interval, and reports those that are attached but do not fire. Thread-safe. */
final class ProbeWatch implements AutoCloseable {
    /** A test costs two system calls and some 30 ms of sleep. */
    static final Duration INTERVAL = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(ProbeWatch.class);
    private static final long STOP_MILLIS = 1000;
    /** The rest of a hint for what is not attached: aioscope selects tiers and modes only at its start. */
    private static final String RESTART = ", then restart aioscope";

    private final SelectedProbes selected;
    /** The points that did not fire at the start, in any mode. */
    private final List<AttachPoint> silentAtStart;

    private final @Nullable Worker worker;
    private volatile SelfTestResult latest = SelfTestResult.PASSED;

    /** Tests these probes from one interval after now on, unless they are of a recording or only scan. */
    ProbeWatch(SelectedProbes selected, Duration interval) {
        this.selected = selected;
        Probes probes = selected.probes();
        this.silentAtStart =
                probes.attachPoints().stream().filter(AttachPoint::isSilent).toList();
        describe(silentAtStart, RESTART).forEach(ProbeWatch::warn);
        boolean isTested = !probes.canWait() && !probes.tier().isScanOnly();
        this.worker = !isTested
                ? null
                : Worker.startBlocking("probe-watch", self -> {
                    self.idle();
                    Thread.sleep(interval.toMillis());
                    self.busy();
                    accept(probes.selfTest());
                });
    }

    private void accept(SelfTestResult result) {
        SelfTestResult last = latest;
        latest = result.obstacle() == null ? result : new SelfTestResult(last.silent(), result.obstacle());
        if (!latest.silent().equals(last.silent())) {
            describe(latest.silent(), "").forEach(ProbeWatch::warn);
            if (latest.silent().isEmpty()) {
                LOG.info("All probes fire again");
            }
        }
        String obstacle = latest.obstacle();
        if (obstacle != null && last.obstacle() == null) {
            LOG.warn("{}", obstacle);
        }
    }

    private static void warn(String complaint) {
        LOG.warn("{}", Character.toUpperCase(complaint.charAt(0)) + complaint.substring(1));
    }

    /** One sentence for each cause; more completes the hint. */
    private static List<String> describe(List<AttachPoint> silent, String more) {
        Map<List<Rejection>, List<String>> names = new LinkedHashMap<>();
        for (AttachPoint point : silent) {
            names.computeIfAbsent(point.rejections(), cause -> new ArrayList<>())
                    .add(point.name());
        }
        return names.entrySet().stream()
                .map(cause -> "a probe " + join(cause.getKey(), Rejection::reason) + " (at "
                        + String.join(", ", cause.getValue()) + "; hint: " + join(cause.getKey(), Rejection::hint)
                        + more + ")")
                .toList();
    }

    private static String join(List<Rejection> rejections, Function<Rejection, String> text) {
        return rejections.stream().map(text).distinct().collect(Collectors.joining(" or "));
    }

    /** Why events are missing: the probes that do not fire, now or at the start. */
    List<String> complaints() {
        return Stream.of(
                        selected.unavailable().stream()
                                .filter(ProbeWatch::isSilent)
                                .map(tier -> "the tier " + tier.tier().label() + " is unavailable: " + tier.reason()
                                        + " (hint: " + tier.hint() + RESTART + ")"),
                        describe(silentAtStart, RESTART).stream(),
                        describe(latest.silent(), "").stream())
                .flatMap(complaints -> complaints)
                .toList();
    }

    private static boolean isSilent(UnavailableTier tier) {
        return tier.points().stream().anyMatch(AttachPoint::isSilent);
    }

    /** Why the latest test proves nothing. */
    List<String> remarks() {
        String obstacle = latest.obstacle();
        return obstacle == null ? List.of() : List.of(obstacle);
    }

    /** The number of attach points that do not fire; null if nothing tests them. */
    @Nullable Long silent() {
        long atStart = selected.unavailable().stream()
                        .flatMap(tier -> tier.points().stream())
                        .filter(AttachPoint::isSilent)
                        .count()
                + silentAtStart.size();
        return worker == null && atStart == 0
                ? null
                : (Long) (atStart + latest.silent().size());
    }

    /** Stops after the test in progress. */
    @Override
    public void close() {
        if (worker != null) {
            worker.close();
            worker.join(STOP_MILLIS);
        }
    }
}
