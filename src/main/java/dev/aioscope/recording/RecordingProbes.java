package dev.aioscope.recording;

import dev.aioscope.event.Event;
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

/** Tells a recorder all that other probes tell, in its order. */
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
    public HostInfo origin() {
        return probes.origin();
    }

    @Override
    public List<AttachPoint> points() {
        return probes.points();
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
                    recorder.event(event);
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
    public boolean tellCompletions(boolean wanted) {
        return probes.tellCompletions(wanted);
    }

    @Override
    public ScanGaps inventory(Consumer<Event> handler) {
        recorder.lookBegins();
        try {
            ScanGaps unseen = probes.inventory(event -> {
                recorder.lookEvent(event);
                handler.accept(event);
            });
            recorder.lookEnds(unseen);
            return unseen;
        } catch (ProbeException e) {
            recorder.lookFailed(e);
            throw e;
        }
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
