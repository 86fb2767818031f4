package dev.aioscope.probe.bcc;

import com.sun.jna.Memory;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.HostCause;
import dev.aioscope.kernel.Libc;
import dev.aioscope.kernel.Tracefs;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.HostCauseException;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bpf.AttachPlan;
import dev.aioscope.probe.bpf.AttachTarget;
import dev.aioscope.probe.bpf.Bpf;
import dev.aioscope.probe.bpf.Kretprobe;
import dev.aioscope.probe.bpf.LoadFailure;
import dev.aioscope.probe.bpf.MissedCounter;
import dev.aioscope.probe.bpf.PerfEvent;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.Programs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Bytecode from libbcc, loaded and attached without it. */
final class BccPrograms implements Programs {
    private static final int TYPE_KPROBE = 2;
    private static final int TYPE_TRACEPOINT = 5;
    private static final int ATTACH_FEXIT = 25;
    private static final int ATTACH_ITERATOR = 28;
    private static final int ATTACH_PERF_EVENT = 41;
    private static final int VERIFIER_LOG = 16 << 20;

    private final Bytecode bytecode;
    private final ProbeSettings settings;
    private final Map<String, Integer> maps = new HashMap<>();
    private final Map<AttachTarget, Integer> programs = new EnumMap<>(AttachTarget.class);
    private final Map<AttachTarget, Integer> links = new EnumMap<>(AttachTarget.class);
    /** Copies, for programs that cannot attach again. */
    private final Map<AttachTarget, Bpf.Copy> copies = new EnumMap<>(AttachTarget.class);

    private final MissedCounter missed = new MissedCounter();
    private final List<Integer> events = new ArrayList<>();
    /** Of {@link #events}, those of kprobes. */
    private final Map<AttachTarget, Integer> kprobeEvents = new EnumMap<>(AttachTarget.class);

    private final Kretprobe definitions = new Kretprobe();
    private Map<String, Integer> sizes = Map.of();

    BccPrograms(Bytecode bytecode, ProbeSettings settings) {
        this.bytecode = bytecode;
        this.settings = settings;
        Bpf.removeMemoryLimit();
    }

    @Override
    public @Nullable LoadFailure load(AttachPlan plan) {
        sizes = settings.sizes(plan.tier());
        // Create all maps, also those that no program of this tier uses: each tier reads the ring.
        bytecode.programs().values().forEach(instructions -> withMaps(instructions.clone()));
        for (AttachTarget target : plan.targets()) {
            Mode mode = Objects.requireNonNull(plan.mode(target));
            String name = target.program(mode);
            long[] instructions = bytecode.programs().get(name);
            if (instructions == null) {
                throw new ProbeException("cannot find the program " + name + " in the probes", "reinstall aioscope");
            }
            long[] program = withMaps(instructions.clone());
            int fd = Bpf.load(name, type(mode), attachType(mode), attachTo(target, mode), program, null);
            if (fd < 0) {
                return failure(name, target, mode, program);
            }
            programs.put(target, fd);
        }
        return null;
    }

    private static int type(Mode mode) {
        return switch (mode) {
            case KPROBE, KRETPROBE -> TYPE_KPROBE;
            case TRACEPOINT -> TYPE_TRACEPOINT;
            case FENTRY, FEXIT, ITERATOR -> Bpf.TYPE_TRACING;
        };
    }

    private static int attachType(Mode mode) {
        return switch (mode) {
            case KPROBE, KRETPROBE, TRACEPOINT -> 0;
            case FENTRY -> Bpf.ATTACH_FENTRY;
            case FEXIT -> ATTACH_FEXIT;
            case ITERATOR -> ATTACH_ITERATOR;
        };
    }

    /** 0, which the kernel rejects, if it has no such function. */
    private int attachTo(AttachTarget target, Mode mode) {
        return switch (mode) {
            case KPROBE, KRETPROBE, TRACEPOINT -> 0;
            case FENTRY, FEXIT, ITERATOR -> bytecode.functions().getOrDefault(target.symbol(), 0);
        };
    }

    /** Loads it again to get the verifier's log. */
    private LoadFailure failure(String name, AttachTarget target, Mode mode, long[] program) {
        try (Memory log = new Memory(VERIFIER_LOG)) {
            log.setByte(0, (byte) 0);
            Bpf.load(name, type(mode), attachType(mode), attachTo(target, mode), program, log);
            int errno = Libc.errno();
            List<String> lines = LoadFailure.end(log, log.indexOf(0, (byte) 0))
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("processed "))
                    .toList();
            return new LoadFailure(name, errno, LoadFailure.withVerifier(errno, lines));
        }
    }

    /** Replaces the constants of maps by descriptors; creates a map at its first use. */
    private long[] withMaps(long[] instructions) {
        for (int at = 0; at < instructions.length; at += MapConstant.isLoad(instructions[at]) ? 2 : 1) {
            if (MapConstant.isAt(instructions, at)) {
                MapConstant constant = MapConstant.at(instructions, at);
                constant.replace(instructions, at, map(constant));
            }
        }
        return instructions;
    }

    private int map(MapConstant constant) {
        String name = bytecode.maps().get(constant.number());
        Integer known = maps.get(name);
        if (known != null) {
            return known;
        }
        boolean isSettings = name.equals("settings");
        int flags = !constant.isValue() ? 0 : isSettings ? Bpf.F_RDONLY_PROG : Bpf.F_MMAPABLE;
        int entries = sizes.getOrDefault(name, constant.entries());
        int fd = Bpf.createMap(name, constant.type(), constant.keySize(), constant.valueSize(), entries, flags);
        if (fd >= 0) {
            // Before the settings: close() releases it if they fail.
            maps.put(name, fd);
        }
        if (fd < 0 || (isSettings && setSettings(fd) != 0)) {
            int errno = Libc.errno();
            HostCause.ofBpf(errno).ifPresent(cause -> {
                throw new HostCauseException("cannot load the probes", cause);
            });
            throw new ProbeException(
                    "cannot create the map " + name + ": " + Errno.describe(errno),
                    errno == Errno.EPERM
                            ? HostCause.missingBpfCapability().hint()
                            : "use --engine core, or Linux 5.8 or newer with enough memory");
        }
        return fd;
    }

    private int setSettings(int map) {
        try (Memory value = new Memory(ProbeSettings.SIZE)) {
            value.clear();
            settings.write(value);
            return Bpf.setAndFreeze(map, value);
        }
    }

    @Override
    public @Nullable String attach(AttachTarget target, Mode mode) {
        int program = Objects.requireNonNull(programs.get(target));
        try {
            int link = switch (mode) {
                case FENTRY, FEXIT -> attachTracing(target, mode, program);
                case ITERATOR -> attachIterator(target, program);
                case TRACEPOINT -> attachTo("syscalls/" + target.function(), program);
                case KPROBE, KRETPROBE -> attachKprobe(target, mode, program);
            };
            if (link < 0) {
                return Errno.describe(Libc.errno());
            }
            links.put(target, link);
            Bpf.Copy copy = copies.get(target);
            missed.addProgram(copy == null ? program : copy.program());
            if (mode == Mode.KPROBE || mode == Mode.KRETPROBE) {
                missed.addKprobe(link);
            }
            return null;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private int attachTracing(AttachTarget target, Mode mode, int program) {
        int link = Bpf.attachTracing(program);
        if (link >= 0 || mode != Mode.FENTRY || Libc.errno() != Errno.ENOENT) {
            return link;
        }
        // Before 5.13 a detached program loses its function and cannot attach again, so attach a copy.
        String name = target.program(mode);
        long[] instructions =
                withMaps(Objects.requireNonNull(bytecode.programs().get(name)).clone());
        Bpf.Copy copy = Bpf.attachCopy(name, attachTo(target, mode), instructions);
        if (copy == null) {
            return -1;
        }
        copies.put(target, copy);
        return copy.link();
    }

    private int attachIterator(AttachTarget target, int program) {
        String walked = target.walkedMap();
        return walked == null ? Bpf.link(program, 0, ATTACH_ITERATOR) : Bpf.linkToMap(program, map(walked));
    }

    private int attachKprobe(AttachTarget target, Mode mode, int program) throws IOException {
        if (!Tracefs.definesKprobes()) {
            throw new IOException(Kretprobe.NOT_OFFERED);
        }
        int link = attachTo(
                mode == Mode.KPROBE ? definitions.defineEntry(target.symbol()) : definitions.define(target.symbol()),
                program);
        if (link >= 0) {
            kprobeEvents.put(target, events.get(events.size() - 1));
        }
        return link;
    }

    private int attachTo(String event, int program) throws IOException {
        int fd = PerfEvent.open(event);
        events.add(fd);
        int link = Bpf.link(program, fd, ATTACH_PERF_EVENT);
        // Before 5.15 such events have no links: the event itself holds the program.
        return link >= 0 ? link : PerfEvent.attach(fd, program);
    }

    @Override
    public void detach(AttachTarget target) {
        Integer link = links.remove(target);
        Integer event = kprobeEvents.remove(target);
        Bpf.Copy copy = copies.remove(target);
        if (copy != null) {
            missed.retire(copy.program());
            copy.close();
        } else if (link != null) {
            missed.retire(link);
            Libc.close(link);
        }
        if (event != null && events.remove(event) && !event.equals(link)) {
            Libc.close(event);
        }
    }

    @Override
    public boolean isAttached(AttachTarget target) {
        return links.containsKey(target);
    }

    @Override
    public int newIteration(AttachTarget target) {
        Integer link = links.get(target);
        return link == null ? -1 : Bpf.iterate(link);
    }

    @Override
    public int map(String name) {
        Integer fd = maps.get(name);
        if (fd == null) {
            throw new ProbeException("cannot find the map " + name + " in the probes", "reinstall aioscope");
        }
        return fd;
    }

    @Override
    public @Nullable Long missed() {
        return missed.total();
    }

    @Override
    public void close() {
        copies.keySet().forEach(links::remove);
        copies.values().forEach(Bpf.Copy::close);
        copies.clear();
        links.values().stream().filter(link -> !events.contains(link)).forEach(Libc::close);
        events.forEach(Libc::close);
        programs.values().forEach(Libc::close);
        maps.values().forEach(Libc::close);
        links.clear();
        events.clear();
        programs.clear();
        maps.clear();
        definitions.close();
    }
}
