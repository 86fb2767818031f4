package dev.aioscope.probe.core;

import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.Programs;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The engine with prebuilt programs, loaded by libbpf. */
public final class CoreEngine implements Engine {
    /** Keeps the callback alive, as libbpf may call it until exit. */
    private static final LibBpfLog LOG = new LibBpfLog();

    private final @Nullable Path types;

    public CoreEngine() {
        this(null);
    }

    /**
     * Finds the fields of the kernel's structs in another file.
     *
     * @param types BTF; null for that of the running kernel
     */
    public CoreEngine(@Nullable Path types) {
        this.types = types;
    }

    @Override
    public String label() {
        return "core";
    }

    @Override
    public Programs open(ProbeSettings settings) {
        LibBpf.load();
        LibBpf.libbpf_set_print(LOG);
        return CoreObject.open(CoreObject.bytes(variant(settings)), settings, LOG, types);
    }

    /** The suffix of the object's name. */
    private static String variant(ProbeSettings settings) {
        if (!settings.hasRingBuffer()) {
            return "-without-ring-buffer";
        }
        // For functions that the kernel lacks, libbpf searches the types of modules: see engine.h.
        boolean functions = Host.has(Capability.CAP_SYS_ADMIN) || ProbeSettings.hasKernelFunctions();
        return functions ? "" : "-without-kernel-functions";
    }

    /** Whether libbpf is that of the package, not that of the host. */
    public static boolean isLibbpfBundled() {
        return LibBpf.isBundled();
    }

    /**
     * The version of libbpf.
     *
     * @throws ProbeException if it is not installed
     */
    public static String libbpfVersion() {
        LibBpf.load();
        return LibBpf.libbpf_major_version() + "." + LibBpf.libbpf_minor_version();
    }
}
