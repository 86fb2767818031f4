package dev.aioscope.agent;

import dev.aioscope.event.Event;
import dev.aioscope.event.ProcessEvent;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Probes whose records and scans a test chooses. */
final class FakeProbes implements Probes {
    final Queue<Event> ring = new ArrayDeque<>();
    final List<Event> live = new ArrayList<>();
    /** The process events of a scan. */
    final List<ProcessEvent> identified = new ArrayList<>();

    Runnable whenEmpty = () -> {};
    Losses losses = new Losses(0, 0, 0, 0, 0L);
    Tier tier = Tier.FULL;
    int scans;
    boolean inventoryFails;
    boolean identificationFails;
    ScanGaps gaps = ScanGaps.NONE;
    boolean wokenUp;
    int timeout;
    Runnable duringScan = () -> {};
    LongSupplier clock = BootClock::now;
    LongSupplier monotonic = () -> clock.getAsLong();
    Map<Long, Long> followed = Map.of();
    /** The requested states, without repetitions. */
    final List<Boolean> completions = new ArrayList<>();

    @Override
    public String engine() {
        return "core";
    }

    @Override
    public Tier tier() {
        return tier;
    }

    @Override
    public List<AttachPoint> attachPoints() {
        return List.of();
    }

    @Override
    public long now() {
        return clock.getAsLong();
    }

    @Override
    public long monotonic() {
        return monotonic.getAsLong();
    }

    @Override
    public Quota quota() {
        return new Quota(now(), null, null);
    }

    @Override
    public void await(int timeoutMillis) {
        timeout = timeoutMillis;
        if (ring.isEmpty()) {
            whenEmpty.run();
        }
    }

    @Override
    public int poll(Consumer<Event> handler, int limit) {
        int taken = 0;
        for (Event event = ring.poll(); event != null && taken < limit; event = ring.poll()) {
            handler.accept(event);
            taken++;
        }
        return taken;
    }

    @Override
    public void wakeup() {
        wokenUp = true;
    }

    @Override
    public void follow(Map<Long, Long> handles) {
        followed = handles;
    }

    @Override
    public boolean reportCompletions(boolean wanted) {
        if (completions.isEmpty() || completions.get(completions.size() - 1) != wanted) {
            completions.add(wanted);
        }
        return wanted;
    }

    @Override
    public ScanGaps inventory(Consumer<Event> handler) {
        if (inventoryFails) {
            throw new ProbeException("cannot scan the tasks: Operation not permitted", "run as root");
        }
        scans++;
        duringScan.run();
        live.forEach(handler);
        return gaps;
    }

    @Override
    public void processes(Consumer<ProcessEvent> handler) {
        if (identificationFails) {
            throw new ProbeException("cannot scan the tasks: Operation not permitted", "run as root");
        }
        identified.forEach(handler);
    }

    @Override
    public Losses losses() {
        return losses;
    }

    @Override
    public void close() {}
}
