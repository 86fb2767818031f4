package dev.aioscope.probe;

import dev.aioscope.event.Event;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Probes that observe nothing. */
public class NoProbes implements Probes {
    private final Tier tier;
    private final List<AttachPoint> points;

    public NoProbes(Tier tier, List<AttachPoint> points) {
        this.tier = tier;
        this.points = List.copyOf(points);
    }

    @Override
    public Tier tier() {
        return tier;
    }

    @Override
    public String engine() {
        return "core";
    }

    @Override
    public List<AttachPoint> attachPoints() {
        return points;
    }

    @Override
    public void await(int timeoutMillis) {}

    @Override
    public int poll(Consumer<Event> handler, int limit) {
        return 0;
    }

    @Override
    public void wakeup() {}

    @Override
    public void follow(Map<Long, Long> handles) {}

    @Override
    public boolean reportCompletions(boolean wanted) {
        return false;
    }

    @Override
    public ScanGaps inventory(Consumer<Event> handler) {
        return ScanGaps.NONE;
    }

    @Override
    public Losses losses() {
        return new Losses(0, 0, 0, 0, 0L);
    }

    @Override
    public void close() {}
}
