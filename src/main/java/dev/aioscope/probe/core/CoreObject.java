package dev.aioscope.probe.core;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.AttachPoint.Mode;
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
import dev.aioscope.probe.bpf.Rollback;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The prebuilt probes, loaded and attached by libbpf. */
final class CoreObject implements Programs {
    private final Pointer object;
    private final ProbeSettings settings;
    private final LibBpfLog log;
    private final Map<AttachTarget, Pointer> links = new EnumMap<>(AttachTarget.class);
    /** Copies, for programs that libbpf cannot attach again. */
    private final Map<AttachTarget, Bpf.Copy> copies = new EnumMap<>(AttachTarget.class);

    private final MissedCounter missed = new MissedCounter();
    private final Kretprobe kretprobe = new Kretprobe();

    private CoreObject(Pointer object, ProbeSettings settings, LibBpfLog log) {
        this.object = object;
        this.settings = settings;
        this.log = log;
    }

    /**
     * The prebuilt probes for this architecture, from the jar.
     *
     * @param variant the suffix of the object's name, empty for the usual one
     * @throws ProbeException if the jar has none
     */
    static byte[] bytes(String variant) {
        String resource = "/bpf/" + Host.architecture() + "/aioscope" + variant + ".bpf.o";
        try (InputStream in = CoreObject.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new ProbeException(
                        "cannot load the probes: not built for " + Host.architecture(),
                        "run aioscope on x86-64 or arm64, or build it with probes/build.sh");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new ProbeException("cannot read the probes from the jar: " + e, "reinstall aioscope");
        }
    }

    /**
     * Parses the prebuilt probes and sets their settings for this kernel.
     *
     * @param types the BTF of the fields; null for that of the running kernel
     * @throws ProbeException if libbpf cannot parse them
     */
    static CoreObject open(byte[] bytes, ProbeSettings settings, LibBpfLog log, @Nullable Path types) {
        String path = types == null ? "/sys/kernel/btf/vmlinux" : types.toString();
        log.clear();
        try (Memory memory = new Memory(bytes.length);
                Memory options = new Memory(56);
                Memory name = new Memory(16);
                Memory btf = new Memory(path.length() + 1)) {
            memory.write(0, bytes, 0, bytes.length);
            name.setString(0, "aioscope");
            btf.setString(0, path);
            options.clear();
            options.setLong(0, options.size()); // struct bpf_object_open_opts up to btf_custom_path
            options.setPointer(8, name);
            if (types != null || !Host.has(Capability.CAP_SYS_ADMIN)) {
                // With an explicit BTF, libbpf does not read the types of modules, on which older versions fail without
                // privileges.
                options.setPointer(48, btf);
            }
            Pointer object = LibBpf.bpf_object__open_mem(memory, bytes.length, options);
            if (object == null) {
                throw new ProbeException(
                        "cannot parse the probes: " + log.last(Errno.describe(Libc.errno())), "reinstall aioscope");
            }
            try (Rollback rollback = new Rollback()) {
                CoreObject opened = new CoreObject(object, settings, log);
                rollback.add(opened::close);
                settings.write(opened.initialValue(".rodata"));
                rollback.commit();
                return opened;
            }
        }
    }

    @Override
    public @Nullable LoadFailure load(AttachPlan plan) {
        settings.sizes(plan.tier()).forEach((map, entries) -> LibBpf.bpf_map__set_max_entries(find(map), entries));
        Set<String> wanted = new HashSet<>();
        for (AttachTarget target : plan.targets()) {
            wanted.add(target.program(modeOf(plan, target)));
        }
        for (Pointer program = LibBpf.bpf_object__next_program(object, Pointer.NULL);
                program != null;
                program = LibBpf.bpf_object__next_program(object, program)) {
            LibBpf.bpf_program__set_autoload(program, wanted.contains(LibBpf.bpf_program__name(program)));
        }
        log.clear();
        int result = LibBpf.bpf_object__load(object);
        return result == 0 ? null : log.failure(-result);
    }

    @Override
    public @Nullable String attach(AttachTarget target, Mode mode) {
        Pointer program = LibBpf.bpf_object__find_program_by_name(object, target.program(mode));
        log.clear();
        String reason = switch (mode) {
            case KRETPROBE, TRACEPOINT -> attachEvent(target, mode, program);
            case ITERATOR -> keep(target, attachIterator(target, program));
            case KPROBE -> keep(target, LibBpf.bpf_program__attach(program));
            case FENTRY, FEXIT -> attachTracing(target, mode, program);
        };
        if (reason == null) {
            Bpf.Copy copy = copies.get(target);
            missed.addProgram(copy == null ? LibBpf.bpf_program__fd(program) : copy.program());
            if (mode == Mode.KPROBE || mode == Mode.KRETPROBE) {
                missed.addKprobe(LibBpf.bpf_link__fd(Objects.requireNonNull(links.get(target))));
            }
        }
        return reason;
    }

    private @Nullable String attachTracing(AttachTarget target, Mode mode, Pointer program) {
        Pointer link = LibBpf.bpf_program__attach(program);
        if (link != null || mode != Mode.FENTRY || Libc.errno() != Errno.ENOENT) {
            return keep(target, link);
        }
        // Before 5.13 a detached program loses its function and cannot attach again, so attach a copy.
        long count = LibBpf.bpf_program__insn_cnt(program);
        long[] instructions = LibBpf.bpf_program__insns(program).getLongArray(0, Math.toIntExact(count));
        int function = LibBpf.libbpf_find_vmlinux_btf_id(target.symbol(), Bpf.ATTACH_FENTRY);
        Bpf.Copy copy = Bpf.attachCopy(target.program(mode), function, instructions);
        if (copy == null) {
            return Errno.describe(Libc.errno());
        }
        copies.put(target, copy);
        return null;
    }

    private @Nullable Pointer attachIterator(AttachTarget target, Pointer program) {
        String walked = target.walkedMap();
        if (walked == null) {
            return LibBpf.bpf_program__attach_iter(program, Pointer.NULL);
        }
        try (Memory info = Bpf.iteratorInfo(map(walked));
                Memory options = new Memory(24)) {
            options.setLong(0, 24); // struct bpf_iter_attach_opts
            options.setPointer(8, info);
            options.setLong(16, info.size());
            return LibBpf.bpf_program__attach_iter(program, options);
        }
    }

    private @Nullable String attachEvent(AttachTarget target, Mode mode, Pointer program) {
        try {
            String event =
                    mode == Mode.TRACEPOINT ? "syscalls/" + target.function() : kretprobe.define(target.symbol());
            int perfEvent = PerfEvent.open(event);
            String reason = keep(target, LibBpf.bpf_program__attach_perf_event(program, perfEvent));
            // libbpf closes the event together with the link.
            if (reason != null) {
                Libc.close(perfEvent);
            }
            return reason;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private @Nullable String keep(AttachTarget target, @Nullable Pointer link) {
        if (link == null) {
            return log.last(Errno.describe(Libc.errno()));
        }
        links.put(target, link);
        return null;
    }

    @Override
    public int newIteration(AttachTarget target) {
        Pointer link = links.get(target);
        return link == null ? -1 : LibBpf.bpf_iter_create(LibBpf.bpf_link__fd(link));
    }

    @Override
    public @Nullable Long missed() {
        return missed.total();
    }

    @Override
    public void detach(AttachTarget target) {
        Pointer link = links.remove(target);
        if (link != null) {
            missed.retire(LibBpf.bpf_link__fd(link));
            LibBpf.bpf_link__destroy(link);
        }
        Bpf.Copy copy = copies.remove(target);
        if (copy != null) {
            missed.retire(copy.program());
            copy.close();
        }
    }

    @Override
    public boolean isAttached(AttachTarget target) {
        return links.containsKey(target) || copies.containsKey(target);
    }

    @Override
    public int map(String name) {
        return LibBpf.bpf_map__fd(find(name.equals("inventory") ? ".bss" : name));
    }

    private Pointer find(String name) {
        Pointer map = LibBpf.bpf_object__find_map_by_name(object, name);
        if (map == null) {
            throw new ProbeException("cannot find the map " + name + " in the probes", "reinstall aioscope");
        }
        return map;
    }

    /** The memory of a section's variables, writable before the load. */
    private Pointer initialValue(String section) {
        Pointer memory = LibBpf.bpf_map__initial_value(find(section), new LongByReference());
        if (memory == null) {
            throw new ProbeException("cannot find the section " + section + " in the probes", "reinstall aioscope");
        }
        return memory;
    }

    @Override
    public void close() {
        links.values().forEach(LibBpf::bpf_link__destroy);
        links.clear();
        copies.values().forEach(Bpf.Copy::close);
        copies.clear();
        LibBpf.bpf_object__close(object);
        kretprobe.close();
    }

    private static Mode modeOf(AttachPlan plan, AttachTarget target) {
        Mode mode = plan.mode(target);
        if (mode == null) {
            throw new IllegalStateException(target + " has no mode");
        }
        return mode;
    }
}
