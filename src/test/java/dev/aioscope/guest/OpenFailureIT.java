package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bpf.AttachPlan;
import dev.aioscope.probe.bpf.AttachTarget;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.LoadFailure;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.Programs;
import dev.aioscope.probe.bpf.TierUnavailableException;
import dev.aioscope.probe.core.CoreEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nothing stays attached, mapped or open in this process if the probes cannot be opened, whichever step fails. */
class OpenFailureIT {
    private static final Set<Mode> ALL = Set.of(Mode.values());
    private static final int RLIMIT_NOFILE = 7;
    private static final int REJECT_LOAD = -1;

    private List<String> before = List.of();

    @BeforeEach
    void openOnce() throws IOException {
        // Loads the classes that a failure needs: with too few descriptors, the JVM could not.
        assertThatThrownBy(() -> open(new FaultyEngine(REJECT_LOAD, "", ""))).hasMessageContaining("rejected");
        assertThatThrownBy(() -> BpfProbes.open(new CoreEngine(), Tier.SAMPLE, Set.of(), ProbeSettings.PLAIN))
                .isInstanceOf(TierUnavailableException.class);
        open(new CoreEngine()).close();
        before = held();
    }

    private static BpfProbes open(Engine engine) {
        return BpfProbes.open(engine, Tier.SAMPLE, ALL, ProbeSettings.PLAIN);
    }

    /** What this process holds of the kernel's BPF and event objects. */
    private static List<String> held() throws IOException {
        List<String> held = new ArrayList<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                // The descriptor of the listing itself is closed by now.
                if (Files.isSymbolicLink(descriptor)) {
                    held.add(Files.readSymbolicLink(descriptor).toString());
                }
            }
        }
        held.removeIf(target -> !target.startsWith("anon_inode:"));
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("bpf-map"))
                .forEach(held::add);
        Collections.sort(held);
        return held;
    }

    @Test
    void releasesEverythingIfAnyCallFails() throws IOException {
        int steps = 0;
        for (boolean failed = true; failed; steps++) {
            try {
                open(new FaultyEngine(steps + 1, "", "")).close();
                failed = false;
            } catch (ProbeException e) {
                assertThat(e).hasMessage("injected");
            }
            assertThat(held()).as("call %d fails", steps + 1).isEqualTo(before);
        }
        assertThat(steps).as("load, attach and map calls").isGreaterThan(6);
    }

    @ParameterizedTest
    @CsvSource({"events", "inventory"})
    void releasesEverythingIfMapCannotBeMapped(String map) throws IOException {
        assertThatThrownBy(() -> open(new FaultyEngine(0, map, "losses")))
                .isInstanceOf(ProbeException.class)
                .hasMessageStartingWith("cannot map a BPF map into memory: ");
        assertThat(held()).isEqualTo(before);
    }

    @Test
    void releasesEverythingWithTooFewDescriptors() throws IOException {
        int failures = 0;
        for (boolean failed = true; failed; failures++) {
            long soft = limitDescriptors(firstFree() + failures);
            try {
                open(new CoreEngine()).close();
                failed = false;
            } catch (ProbeException | TierUnavailableException e) {
                // Expected: each attempt gets one step further.
            } finally {
                limitDescriptors(soft);
            }
            assertThat(held()).as("%d free descriptors", failures).isEqualTo(before);
        }
        assertThat(failures).as("maps, programs, links, epoll and eventfd").isGreaterThan(15);
    }

    private static long firstFree() {
        int free = Libc.open("/dev/null", 0, 0);
        Libc.close(free);
        return free;
    }

    /** Sets the soft limit and returns the previous one. */
    private static long limitDescriptors(long soft) {
        long prlimit = Host.architecture().equals("x86_64") ? 302 : 261;
        try (Memory limit = new Memory(16)) {
            Libc.syscall(prlimit, 0, RLIMIT_NOFILE, 0, Pointer.nativeValue(limit), 0);
            long previous = limit.getLong(0);
            limit.setLong(0, soft);
            assertThat(Libc.syscall(prlimit, 0, RLIMIT_NOFILE, Pointer.nativeValue(limit), 0, 0))
                    .isZero();
            return previous;
        }
    }

    /**
     * An engine with one fault.
     *
     * @param failingCall the number of the call that fails, from 1; 0 for none; {@link #REJECT_LOAD} if the kernel rejects
     *     the programs
     * @param hidden the map that is exchanged
     * @param shown the map that takes its place
     */
    private record FaultyEngine(int failingCall, String hidden, String shown) implements Engine {
        @Override
        public String label() {
            return "faulty";
        }

        @Override
        public Programs open(ProbeSettings settings) {
            return new FaultyPrograms(this, new CoreEngine().open(settings));
        }
    }

    private static final class FaultyPrograms extends ForwardingPrograms {
        private final FaultyEngine faults;
        private int calls;

        FaultyPrograms(FaultyEngine faults, Programs programs) {
            super(programs);
            this.faults = faults;
        }

        private void count() {
            if (++calls == faults.failingCall()) {
                throw new ProbeException("injected", "");
            }
        }

        @Override
        public @Nullable LoadFailure load(AttachPlan plan) {
            count();
            return faults.failingCall() == REJECT_LOAD
                    ? new LoadFailure(null, Errno.EINVAL, "rejected")
                    : super.load(plan);
        }

        @Override
        public @Nullable String attach(AttachTarget target, Mode mode) {
            count();
            return super.attach(target, mode);
        }

        @Override
        public int map(String name) {
            count();
            return super.map(name.equals(faults.hidden()) ? faults.shown() : name);
        }
    }
}
