package dev.aioscope.recording;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Quota;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/** Probes with scripted events, turn by turn. */
public final class Scripted implements Probes {
    /** One turn of the duty cycle, with a scan if it has gaps or a failure. */
    private record Turn(
            long now,
            List<ByteBuffer> records,
            List<ByteBuffer> scan,
            @Nullable ScanGaps gaps,
            @Nullable ProbeException failure) {}

    private final Tier tier;
    private final List<Turn> turns = new ArrayList<>();
    private Losses losses = new Losses(0, 0, 0, 0, 0L);
    private int turn;
    private Duration pause = Duration.ZERO;
    private Quota quota;
    private IntToLongFunction aioNr = number -> 4711L + number;
    private int taken;
    private boolean hasScanned;

    /** Begins an empty script. */
    public Scripted(Tier tier) {
        this.tier = tier;
    }

    /** Begins again, with a pause before each turn. */
    public Scripted again(Duration before) {
        pause = before;
        turn = 0;
        taken = 0;
        hasScanned = false;
        return this;
    }

    /** Adds a turn at this time with these records in the ring. */
    public Scripted turn(long now, EventBuilder... records) {
        turns.add(new Turn(now, buffers(records), List.of(), null, null));
        return this;
    }

    /** Adds a turn with a scan that finds these records, and an empty ring. */
    public Scripted scan(long now, ScanGaps gaps, EventBuilder... found) {
        turns.add(new Turn(now, List.of(), buffers(found), gaps, null));
        return this;
    }

    /** Adds a turn with a scan that fails after these records. */
    public Scripted failingScan(long now, ProbeException failure, EventBuilder... found) {
        turns.add(new Turn(now, List.of(), buffers(found), null, failure));
        return this;
    }

    /** Sets the losses from now on. */
    public Scripted losses(Losses lost) {
        losses = lost;
        return this;
    }

    private static List<ByteBuffer> buffers(EventBuilder... records) {
        return List.of(records).stream().map(EventBuilder::build).toList();
    }

    private Turn current() {
        return turns.get(turn);
    }

    @Override
    public String engine() {
        return "core";
    }

    /** Sets fs.aio-nr at each turn, from 0 on. */
    public Scripted aioNr(IntToLongFunction ofTurn) {
        aioNr = ofTurn;
        return this;
    }

    Scripted quota(Quota value) {
        quota = value;
        return this;
    }

    @Override
    public Tier tier() {
        return tier;
    }

    @Override
    public HostInfo host() {
        return new HostInfo("db1", "6.1.0-18-amd64", "x86_64", 8, 250);
    }

    @Override
    public long now() {
        return current().now;
    }

    @Override
    public Quota quota() {
        return quota != null
                ? quota
                : new Quota(current().now + 1, BigInteger.valueOf(aioNr.applyAsLong(turn)), BigInteger.valueOf(65_536));
    }

    @Override
    public boolean isOver() {
        return turn == turns.size() - 1;
    }

    @Override
    public boolean isScanDue(long now, long due) {
        return !hasScanned && (current().gaps != null || current().failure != null);
    }

    @Override
    public List<AttachPoint> attachPoints() {
        return List.of();
    }

    @Override
    public void await(int timeoutMillis) {
        LockSupport.parkNanos(pause.toNanos());
        turn++;
        taken = 0;
        hasScanned = false;
    }

    @Override
    public int poll(Consumer<Event> handler, int limit) {
        int before = taken;
        while (taken < current().records.size() && taken - before < limit) {
            hand(current().records.get(taken++), handler);
        }
        return taken - before;
    }

    @Override
    public void follow(Map<Long, Long> handles) {}

    @Override
    public boolean reportCompletions(boolean wanted) {
        return false;
    }

    @Override
    public ScanGaps inventory(Consumer<Event> handler) {
        hasScanned = true;
        current().scan.forEach(record -> hand(record, handler));
        ScanGaps gaps = current().gaps;
        if (gaps == null) {
            throw current().failure;
        }
        return gaps;
    }

    private static void hand(ByteBuffer record, Consumer<Event> handler) {
        handler.accept(Event.of(record, 0, record.capacity()));
    }

    @Override
    public void wakeup() {}

    @Override
    public Losses losses() {
        return losses;
    }

    @Override
    public void close() {}

    /**
     * The records of a teardown with three requests outstanding, from kill_ioctx on.
     *
     * @param drain until the last of them is complete, ns
     */
    public static EventBuilder[] teardown(long time, int kioctx, long drain) {
        return new EventBuilder[] {
            EventBuilder.killEnter(Trigger.DESTROY)
                    .time(time)
                    .callTime(time - 1)
                    .kioctx(kioctx)
                    .mm(9)
                    .task(7, 8, "db")
                    .handle(0x1000L * kioctx)
                    .size(128, 383)
                    .requests(3, 3, Integer.MIN_VALUE, 0),
            EventBuilder.killExit()
                    .time(time + 10)
                    .enterTime(time)
                    .kioctx(kioctx)
                    .mm(9)
                    .task(7, 8, "db"),
            EventBuilder.users()
                    .kioctx(kioctx)
                    .enterTime(time + 20)
                    .time(time + 21)
                    .releasedBy(ReleasedBy.RCU),
            EventBuilder.reqs().kioctx(kioctx).time(time + drain).releasedBy(ReleasedBy.HOLDER),
            EventBuilder.destroyExit()
                    .time(time + drain + 10)
                    .enterTime(time - 1)
                    .mm(9)
                    .handle(0x1000L * kioctx)
                    .task(7, 8, "db"),
            EventBuilder.free().kioctx(kioctx).time(time + drain + 1000)
        };
    }
}
