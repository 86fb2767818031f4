package dev.aioscope.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.aioscope.event.Event;
import dev.aioscope.event.EventBuilder;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.Lifecycle;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DutyCycleTest {
    private final FakeProbes probes = new FakeProbes();
    private final List<Context> setups = new ArrayList<>();
    private final List<Context> foundContexts = new ArrayList<>();
    private final List<TeardownInProgress> stuck = new ArrayList<>();
    private final DutyCycle dutyCycle = new DutyCycle(
            probes,
            new LifecycleListener() {
                @Override
                public void onSetup(Context context) {
                    setups.add(context);
                }

                @Override
                public void onFound(Context context) {
                    foundContexts.add(context);
                }

                @Override
                public void onStuck(TeardownInProgress teardown, long now) {
                    stuck.add(teardown);
                }
            },
            new WallClock(BootClock::now, InstantSource.system()),
            Duration.ofSeconds(60));

    private static Event setup(long kioctx) {
        return newContext(EventBuilder.setup(), kioctx);
    }

    private static Event found(long kioctx) {
        return newContext(EventBuilder.liveContext(), kioctx);
    }

    private static Event newContext(EventBuilder builder, long kioctx) {
        return event(builder.kioctx(kioctx)
                .mm(1)
                .task(10, 10, "db")
                .time(BootClock.now())
                .handle(kioctx * 4096));
    }

    private static Event live(int pid) {
        return event(EventBuilder.liveContext()
                .kioctx(pid)
                .mm(pid)
                .task(pid, pid, "db")
                .handle(4096));
    }

    private static Event event(EventBuilder builder) {
        ByteBuffer record = builder.build();
        return Event.of(record, 0, record.capacity());
    }

    @Test
    void deliversRestOfRingWhenStopped() {
        probes.ring.add(setup(1));
        probes.whenEmpty = () -> {
            probes.ring.add(setup(2));
            dutyCycle.stop();
        };

        dutyCycle.run();
        assertThat(setups).extracting(Context::kioctx).containsExactly(1L, 2L);
        assertThat(dutyCycle.stats().events()).isEqualTo(2);
        assertThat(probes.wokenUp).isTrue();
    }

    @Test
    void mergesEventsIntoScan() {
        probes.ring.add(setup(1));
        probes.live.add(found(1));
        probes.live.add(found(2));
        probes.whenEmpty = dutyCycle::stop;

        dutyCycle.run();
        assertThat(setups.get(0).setupTime()).isNotNull();
        assertThat(dutyCycle.latestScan().inventory().contexts())
                .extracting(LiveContext::handle, LiveContext::setupTime)
                .containsExactly(tuple(4096L, setups.get(0).setupTime()), tuple(8192L, null));
        // The scan precedes the read of the ring.
        assertThat(foundContexts).extracting(Context::kioctx).containsExactly(1L, 2L);
    }

    @Test
    void scansStuckTeardownLongBeforeNextScanIsDue() {
        long began = BootClock.now() - 2_000_000_000L;
        probes.live.add(event(EventBuilder.teardownState(4).kioctx(7).left(0, 3)));
        probes.whenEmpty = () -> {
            if (stuck.isEmpty()) {
                probes.ring.add(event(EventBuilder.killEnter(Trigger.DESTROY)
                        .kioctx(7)
                        .mm(1)
                        .handle(4096)
                        .task(10, 11, "db")
                        .time(began)));
                probes.whenEmpty = () -> {
                    if (!stuck.isEmpty()) {
                        dutyCycle.stop();
                    }
                };
            }
        };

        dutyCycle.run();
        assertThat(probes.scans).isEqualTo(2);
        assertThat(probes.followed).containsExactly(Map.entry(7L, 4096L));
        assertThat(stuck).singleElement().satisfies(teardown -> {
            assertThat(teardown.waitReason()).isEqualTo(WaitReason.REQUESTS);
            assertThat(teardown.outstandingNow()).isEqualTo(3);
        });
        assertThat(dutyCycle.latestScan().inProgress()).isEqualTo(stuck);
        assertThat(probes.completions)
                .as("attaches the probe on each request only for a stuck teardown")
                .containsExactly(false, true);
    }

    @Test
    void scansStuckTeardownDuringPauseAfterLastScan() {
        long began = BootClock.now();
        long[] now = {began};
        probes.clock = () -> now[0];
        probes.duringScan = () -> now[0] += 5_000_000_000L;
        List<Long> reportedAt = new ArrayList<>();
        DutyCycle slow = new DutyCycle(
                probes,
                new LifecycleListener() {
                    @Override
                    public void onStuck(TeardownInProgress teardown, long at) {
                        reportedAt.add(at - began);
                    }
                },
                new WallClock(() -> now[0], InstantSource.system()),
                Duration.ofSeconds(60));
        probes.whenEmpty = () -> {
            begin(7, began + 5_000_000_000L);
            now[0] += 100_000_000L;
            probes.whenEmpty = () -> {
                now[0] += probes.timeout * 1_000_000L;
                if (!reportedAt.isEmpty()) {
                    slow.stop();
                }
            };
        };

        slow.run();
        assertThat(reportedAt)
                .as("the first scan takes 5 s, and the teardown is stuck at the second tick after it")
                .containsExactly(6_100_000_000L);
    }

    @ParameterizedTest
    @CsvSource({
        "a short scan,                   10,       10,       1010",
        "a scan of a second,           1000,     1000,       6000",
        "a scan of a minute,          60000,    60000,      90000",
        "a suspend of 8 h in a scan,     10, 28800000,   28805000"
    })
    void pausesAfterScanByItsLengthWithoutSuspend(String scan, long length, long boottime, long next) {
        long[] now = {0};
        long[] monotonic = {0};
        List<Long> scans = new ArrayList<>();
        probes.clock = () -> now[0];
        probes.monotonic = () -> monotonic[0];
        probes.duringScan = () -> {
            scans.add(now[0] / 1_000_000);
            now[0] += boottime * 1_000_000;
            monotonic[0] += length * 1_000_000;
        };
        DutyCycle scanning = new DutyCycle(
                probes,
                new LifecycleListener() {},
                new WallClock(() -> now[0], InstantSource.system()),
                Duration.ofSeconds(1));
        probes.whenEmpty = () -> {
            now[0] += probes.timeout * 1_000_000L;
            if (scans.size() == 2) {
                scanning.stop();
            }
        };

        scanning.run();
        assertThat(scans).as(scan).startsWith(0L, next);
    }

    @Test
    void repeatsStateOfStuckTeardownWhileItLasts() {
        long began = BootClock.now();
        long[] now = {began};
        probes.clock = () -> now[0];
        List<String> reports = new ArrayList<>();
        DutyCycle tracing = new DutyCycle(
                probes,
                new LifecycleListener() {
                    @Override
                    public void onStuck(TeardownInProgress teardown, long at) {
                        reports.add("stuck " + teardown.outstandingNow());
                    }

                    @Override
                    public void onStillStuck(TeardownInProgress teardown, long at) {
                        reports.add("still " + teardown.outstandingNow());
                    }

                    @Override
                    public void onTeardown(Teardown teardown) {
                        reports.add("ended");
                    }
                },
                new WallClock(() -> now[0], InstantSource.system()),
                Duration.ofSeconds(1));
        begin(7, began);
        probes.whenEmpty = () -> {
            now[0] += 500_000_000L;
            long left = 3 - (now[0] - began) / 10_000_000_000L;
            probes.live.clear();
            if (left > 0) {
                probes.live.add(event(EventBuilder.teardownState(4).kioctx(7).left(0, (int) left)));
            } else {
                end(7, now[0]);
            }
            if (reports.contains("ended")) {
                tracing.stop();
            }
        };

        tracing.run();
        assertThat(reports).containsExactly("stuck 3", "still 3", "still 2", "ended");
    }

    @ParameterizedTest
    @CsvSource({"60, 3", "1, 4"})
    void watchesCompletionsAgainAfterPause(int pause, int changes) {
        long[] now = {BootClock.now()};
        probes.clock = () -> now[0];
        DutyCycle pausing = new DutyCycle(
                probes,
                new LifecycleListener() {},
                new WallClock(() -> now[0], InstantSource.system()),
                Duration.ofSeconds(1));
        pausing.pauseBetweenLateCompletions(Duration.ofSeconds(pause));
        Iterator<Runnable> steps = List.<Runnable>of(
                        () -> begin(7, now[0]), () -> end(7, now[0]), () -> begin(8, now[0]), pausing::stop)
                .iterator();
        probes.whenEmpty = () -> {
            steps.next().run();
            now[0] += 2_000_000_000L;
        };

        pausing.run();
        assertThat(probes.completions)
                .containsExactlyElementsOf(List.of(false, true, false, true).subList(0, changes));
    }

    @Test
    void stopsWatchingCompletionsWhenNothingIsStuckWhateverTheScanInterval() {
        long[] now = {BootClock.now()};
        probes.clock = () -> now[0];
        DutyCycle rare = new DutyCycle(
                probes,
                new LifecycleListener() {},
                new WallClock(() -> now[0], InstantSource.system()),
                Duration.ofHours(1));
        Iterator<Runnable> steps = List.<Runnable>of(() -> begin(7, now[0]), () -> {}, () -> end(7, now[0]), rare::stop)
                .iterator();
        probes.whenEmpty = () -> {
            steps.next().run();
            now[0] += 2_000_000_000L;
        };

        rare.run();
        assertThat(probes.completions).containsExactly(false, true, false);
        assertThat(probes.scans)
                .as("one at the start, one for the stuck teardown")
                .isEqualTo(2);
    }

    @Test
    void waitsLongOnlyWhenIdleAndNoScanIsDue() {
        long[] now = {BootClock.now()};
        probes.clock = () -> now[0];
        DutyCycle resting = new DutyCycle(
                probes,
                new LifecycleListener() {},
                new WallClock(() -> now[0], InstantSource.system()),
                Duration.ofSeconds(60));
        List<Integer> rests = new ArrayList<>();
        Iterator<Runnable> steps = List.<Runnable>of(
                        () -> {},
                        () -> begin(7, now[0]),
                        () -> {},
                        () -> end(7, now[0]),
                        () -> now[0] += Lifecycle.OVERDUE_NS,
                        resting::stop)
                .iterator();
        probes.whenEmpty = () -> {
            rests.add(probes.timeout);
            steps.next().run();
            now[0] += 500_000_000L;
        };

        resting.run();
        assertThat(rests)
                .as("idle, idle, teardown begun, in progress, other records expected, overdue")
                .containsExactly(5000, 5000, 1000, 1000, 1000, 5000);
    }

    @ParameterizedTest
    @CsvSource({"2, 60, 2000", "60, 3, 3000"})
    void waitsNoLongerThanWatchdogOrNextScanAllows(int pulse, int interval, int expected) {
        long now = BootClock.now();
        probes.clock = () -> now;
        DutyCycle resting = new DutyCycle(
                probes,
                new LifecycleListener() {},
                new WallClock(() -> now, InstantSource.system()),
                Duration.ofSeconds(interval));
        resting.waitAtMost(Duration.ofSeconds(pulse));
        probes.whenEmpty = resting::stop;

        resting.run();
        assertThat(probes.timeout).isEqualTo(expected);
    }

    private void begin(int kioctx, long time) {
        probes.ring.add(event(EventBuilder.killEnter(Trigger.DESTROY)
                .kioctx(kioctx)
                .mm(1)
                .handle(4096)
                .task(10, 11, "db")
                .time(time)));
        probes.live.add(event(EventBuilder.teardownState(4).kioctx(kioctx).left(0, 3)));
    }

    private void end(int kioctx, long time) {
        probes.ring.add(event(EventBuilder.destroyExit()
                .mm(1)
                .handle(4096)
                .task(10, 11, "db")
                .enterTime(time - 3_000_000_000L)
                .time(time)));
        probes.ring.add(event(EventBuilder.free().kioctx(kioctx).time(time + 1)));
        probes.live.clear();
    }

    @Test
    void notifiesWatchdogOnlyWhileRunning() {
        List<Integer> beats = new ArrayList<>();
        List<Integer> beatsBefore = new ArrayList<>();
        dutyCycle.onTick(() -> beats.add(1));
        probes.whenEmpty = () -> {
            // While the reader is in here, nothing notifies the watchdog.
            beatsBefore.add(beats.size());
            dutyCycle.stop();
        };

        dutyCycle.run();
        assertThat(beatsBefore.get(0)).isZero();
        assertThat(beats).as("after the reader returns").isNotEmpty();
    }

    @Test
    void continuesAfterFailedScan() {
        probes.inventoryFails = true;
        probes.ring.add(setup(1));
        probes.whenEmpty = dutyCycle::stop;

        dutyCycle.run();
        assertThat(setups).hasSize(1);
    }

    /** The processes whose contexts have ended after so many scans; only the first lists contexts. */
    private List<Integer> ownersOfEnded(int scans) {
        List<Integer> owners = new ArrayList<>();
        DutyCycle scanning = new DutyCycle(
                probes,
                new LifecycleListener() {
                    @Override
                    public void onTeardown(Teardown teardown) {
                        owners.add(teardown.context().owner().pid());
                    }
                },
                new WallClock(BootClock::now, InstantSource.system()),
                Duration.ofNanos(1));
        probes.whenEmpty = () -> {
            probes.live.clear();
            if (probes.scans >= scans) {
                scanning.stop();
            }
        };
        scanning.run();
        return owners;
    }

    @Test
    void keepsContextsOfProcessesThatScanCouldNotRead() {
        probes.tier = Tier.SAMPLE;
        probes.live.addAll(List.of(live(10), live(11), live(12)));
        probes.gaps = new ScanGaps(Set.of(10), Set.of(11), ScanGaps.Scope.HOST);

        assertThat(ownersOfEnded(2)).containsExactly(12);
    }

    @Test
    void keepsContextsThatScanOfNamespaceNeverListed() {
        probes.tier = Tier.SYSCALL;
        probes.ring.add(setup(1));
        probes.live.add(live(12));
        probes.gaps = ScanGaps.ofNamespace(false);

        assertThat(ownersOfEnded(3)).containsExactly(12);
    }

    @Test
    void keepsContextsWhereNoScanListsAny() {
        probes.tier = Tier.FULL;
        DutyCycle scanning = new DutyCycle(
                probes,
                new LifecycleListener() {},
                new WallClock(BootClock::now, InstantSource.system()),
                Duration.ofNanos(1));
        probes.ring.add(setup(1));
        probes.gaps = ScanGaps.NO_SCAN;
        probes.whenEmpty = () -> {
            if (probes.scans >= 3) {
                scanning.stop();
            }
        };

        scanning.run();
        assertThat(scanning.latestScan().inventory().contexts())
                .singleElement()
                .satisfies(context -> assertThat(context.setupTime()).isNotNull());
    }

    @Test
    void reportsLossesOfProbes() {
        probes.whenEmpty = dutyCycle::stop;
        probes.losses = new Losses(7, 0, 0, 0, null);

        dutyCycle.run();
        assertThat(dutyCycle.stats().losses().total()).isEqualTo(7);
    }
}
