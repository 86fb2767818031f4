package dev.aioscope.diagnosis;

import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.core.CoreEngine;
import java.util.Optional;

/** The versions of aioscope, Java and the BPF libraries. */
public final class Versions {
    private Versions() {}

    public static String aioscope() {
        String version = Versions.class.getPackage().getImplementationVersion();
        return version == null ? "(development build)" : version;
    }

    public static String java() {
        return System.getProperty("java.runtime.version") + " (" + System.getProperty("java.vendor") + ")";
    }

    /** The libbpf that aioscope loads; empty if there is none. */
    public static Optional<String> libbpf() {
        try {
            return Optional.of(CoreEngine.libbpfVersion());
        } catch (ProbeException e) {
            return Optional.empty();
        }
    }

    /** The installed libbcc; empty if there is none. */
    public static Optional<String> libbcc() {
        try {
            return Optional.of(BccEngine.libbccVersion());
        } catch (ProbeException e) {
            return Optional.empty();
        }
    }
}
