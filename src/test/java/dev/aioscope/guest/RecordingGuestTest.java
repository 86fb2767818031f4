package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.agent.DutyCycle;
import dev.aioscope.host.Processes;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.core.CoreEngine;
import dev.aioscope.recording.Recorder;
import dev.aioscope.recording.ReplayResult;
import dev.aioscope.recording.Replays;
import dev.aioscope.recording.Storage;
import dev.aioscope.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The listeners report the same from a recording as live: here and, through {@link LabIT}, on the build machine. The
 * recordings in src/test/resources/recorded were made by this test; the expected outcome is next to each.
 */
@Tag("guest")
class RecordingGuestTest implements LifecycleListener {
    private static final Path FOLDER = Path.of(System.getProperty("aioscope.results", "target"));

    /**
     * Situations that exit at once wait until the process is identified, because nothing identifies it after its exit.
     */
    private static final String[] SITUATIONS = {
        "destroy",
        "destroy --outstanding 10",
        "exit --wait",
        "exit --outstanding 10 --unreaped 7 --wait",
        "exec --wait",
        "half-reaped",
        "poll-and-read --outstanding 3",
        "sibling --milliseconds 300",
        "rollback --charge 5",
    };

    private final Set<Integer> ended = ConcurrentHashMap.newKeySet();
    private final Set<Integer> known = ConcurrentHashMap.newKeySet();

    @Override
    public void onTeardown(Teardown teardown) {
        Task owner = teardown.context().owner();
        if (owner != null) {
            ended.add(owner.pid());
        }
    }

    @Test
    void reportsSameFromRecording() throws Exception {
        NullBlockDevice.load();
        Path file = FOLDER.resolve("recording.aioscope");
        Files.deleteIfExists(file);
        WallClock clock = new WallClock(BootClock::now, InstantSource.system());
        String liveResult;
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (Recorder recorder = new Recorder(Storage.file(file), clock);
                Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY)) {
            processes.setObserver((process, identity) -> {
                recorder.onIdentity(process, identity);
                known.add(process.pid());
            });
            Probes probes = recorder.record(
                    BpfProbes.open(new CoreEngine(), Tier.FULL, EnumSet.allOf(Mode.class), ProbeSettings.PLAIN));
            AtomicReference<DutyCycle> dutyCycle = new AtomicReference<>();
            CountDownLatch started = new CountDownLatch(1);
            Future<String> outcome = executor.submit(() -> ReplayResult.of(probes, clock, processes, this, running -> {
                dutyCycle.set(running);
                started.countDown();
            }));
            assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
            for (String situation : SITUATIONS) {
                run(situation);
            }
            dutyCycle.get().stop();
            liveResult = outcome.get(120, TimeUnit.SECONDS);
            assertThat(recorder.dropped()).isZero();
        } finally {
            executor.shutdownNow();
        }
        Files.writeString(FOLDER.resolve("recording.outcome"), liveResult);
        assertThat(liveResult).contains("span io_destroy", "span exit_aio", "process.executable.name=aiowork");
        assertThat(Replays.outcome(file)).isEqualTo(liveResult);
    }

    private void run(String situation) throws Exception {
        try (AioWork work = AioWork.start(situation.split(" ", -1))) {
            if (situation.endsWith("--wait")) {
                work.await("ready");
                Await.until(situation + ": the identity", () -> known.contains(work.pid()));
                work.proceed();
            }
            work.finish();
            Await.until(situation + ": its teardown", () -> ended.contains(work.pid()));
        }
    }
}
