package dev.aioscope.recording;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventType;
import dev.aioscope.event.ProcessEvent;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Passes everything from other probes to a recorder, in order. */
final class RecordingProbes implements Probes {
    private final Probes probes;
    private final Recorder recorder;

    RecordingProbes(Probes probes, Recorder recorder) {
        this.probes = probes;
        this.recorder = recorder;
    }

    @Override
    public String engine() {
        return probes.engine();
    }

    @Override
    public Tier tier() {
        return probes.tier();
    }

    @Override
    public HostInfo host() {
        return probes.host();
    }

    @Override
    public List<AttachPoint> attachPoints() {
        return probes.attachPoints();
    }

    @Override
    public void await(int timeoutMillis) {
        probes.await(timeoutMillis);
    }

    @Override
    public long now() {
        long now = probes.now();
        recorder.time(now);
        return now;
    }

    @Override
    public Quota quota() {
        Quota quota = probes.quota();
        recorder.quota(quota);
        return quota;
    }

    @Override
    public boolean isOver() {
        return probes.isOver();
    }

    @Override
    public boolean canWait() {
        return probes.canWait();
    }

    @Override
    public boolean isScanDue(long now, long due) {
        return probes.isScanDue(now, due);
    }

    @Override
    public int poll(Consumer<Event> handler, int limit) {
        return probes.poll(
                event -> {
                    if (event.type() != EventType.PROCESS) { // An observer of identities records it.
                        recorder.event(event);
                    }
                    handler.accept(event);
                },
                limit);
    }

    @Override
    public void wakeup() {
        probes.wakeup();
    }

    @Override
    public void follow(Map<Long, Long> handles) {
        probes.follow(handles);
    }

    @Override
    public boolean reportCompletions(boolean enabled) {
        return probes.reportCompletions(enabled);
    }

    @Override
    public ScanGaps inventory(Consumer<Event> handler) {
        recorder.scanBegins();
        try {
            ScanGaps gaps = probes.inventory(event -> {
                recorder.scanEvent(event);
                handler.accept(event);
            });
            recorder.scanEnds(gaps);
            return gaps;
        } catch (ProbeException e) {
            recorder.scanFailed(e);
            throw e;
        }
    }

    @Override
    public void processes(Consumer<ProcessEvent> handler) {
        probes.processes(handler);
    }

    @Override
    public Losses losses() {
        Losses losses = probes.losses();
        recorder.losses(losses);
        return losses;
    }

    @Override
    public void close() {
        probes.close();
    }
}
