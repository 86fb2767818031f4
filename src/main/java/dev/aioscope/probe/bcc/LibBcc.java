package dev.aioscope.probe.bcc;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import dev.aioscope.probe.ProbeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Functions of libbcc 0.18 or newer. A process that loads it stays larger by 60 MB, after a compilation by 110 MB, so only
 * the processes of {@link Compiler} and {@link Symbolizer} do.
 */
final class LibBcc {
    private static final String HINT = "install libbcc 0.18 or newer: apt-get install libbpfcc, or dnf install bcc";

    private static final String SEPARATOR = "\n";

    private LibBcc() {}

    /**
     * Loads libbcc.
     *
     * @throws ProbeException if it is not installed, or too old
     */
    static void load() {
        try {
            Native.register(LibBcc.class, NativeLibrary.getInstance("libbcc.so.0"));
        } catch (UnsatisfiedLinkError e) {
            boolean isInstalled = !String.valueOf(e.getMessage()).contains("Unable to load library");
            throw new ProbeException(
                    isInstalled
                            ? "cannot use libbcc.so.0: it is too old: " + e.getMessage()
                            : "cannot load libbcc.so.0 for the engine bcc",
                    HINT);
        }
    }

    /** The file from which this process loaded it. */
    static Path path() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1).stream()
                .filter(line -> line.contains("/libbcc.so"))
                .map(line -> Path.of(line.substring(line.indexOf('/'))))
                .findFirst()
                .orElseThrow(() -> new IOException("libbcc is not loaded"));
    }

    /** From the file name, as the library has no version function. */
    static String version() {
        try {
            return path().toRealPath().getFileName().toString().replaceFirst("^libbcc\\.so\\.", "");
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** Identifies a libbcc without loading it: path, size and time of the file; another value if the file is missing. */
    static String identity(Path file) throws IOException {
        if (!Files.exists(file)) {
            return file + " is missing";
        }
        return file + SEPARATOR + Files.size(file) + SEPARATOR + Files.getLastModifiedTime(file);
    }

    /** The path in an identity. */
    static String file(String identity) {
        return identity.substring(0, Math.max(0, identity.indexOf(SEPARATOR)));
    }

    static native Pointer bpf_module_create_c_from_string(
            String text, int flags, StringArray options, int count, boolean liftLimit, Pointer device);

    static native long bpf_num_functions(Pointer module);

    static native String bpf_function_name(Pointer module, long number);

    static native Pointer bpf_function_start_id(Pointer module, long number);

    static native long bpf_function_size_id(Pointer module, long number);

    static native Pointer bcc_symcache_new(int pid, Pointer options);

    static native int bcc_symcache_resolve(Pointer cache, long address, Pointer symbol);

    static native void bcc_symbol_free_demangle_name(Pointer symbol);

    static native void bcc_free_symcache(Pointer cache, int pid);
}
