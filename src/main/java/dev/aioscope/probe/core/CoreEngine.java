package dev.aioscope.probe.core;

import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.Programs;
import dev.aioscope.probe.bpf.Settings;

/** Programs compiled when aioscope was built, loaded by libbpf. */
public final class CoreEngine implements Engine {
    /** Keeps the callback alive as long as libbpf may call it: for ever. */
    private static final LibBpfLog LOG = new LibBpfLog();

    @Override
    public String label() {
        return "core";
    }

    @Override
    public Programs open(Settings settings) {
        LibBpf.load();
        LibBpf.libbpf_set_print(LOG);
        return CoreObject.open(CoreObject.bytes(), settings, LOG);
    }

    /**
     * The version of the libbpf that is installed.
     *
     * @throws ProbeException if there is none
     */
    public static String libbpfVersion() {
        LibBpf.load();
        return LibBpf.libbpf_major_version() + "." + LibBpf.libbpf_minor_version();
    }
}
