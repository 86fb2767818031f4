package dev.aioscope.probe.core;

import com.sun.jna.Callback;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import dev.aioscope.probe.ProbeException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Functions of libbpf 1.x. A null pointer means failure; errno has the reason. */
final class LibBpf {
    /** Receives messages of libbpf; the arguments are a C va_list. */
    interface PrintCallback extends Callback {
        int print(int level, Pointer format, Pointer arguments);
    }

    /** That of a package, beside the libraries of the package's Java. */
    private static final Path BUNDLED = Path.of(System.getProperty("java.home"), "lib", "libbpf.so.1");

    private static boolean loaded;

    private LibBpf() {}

    /** Whether libbpf is that of the package. It is not if the user names a folder where JNA searches libraries. */
    static boolean isBundled() {
        return System.getProperty("jna.library.path") == null && Files.exists(BUNDLED);
    }

    /**
     * Loads libbpf.
     *
     * @throws ProbeException if it is not installed
     */
    static synchronized void load() {
        if (loaded) {
            return;
        }
        try {
            Native.register(LibBpf.class, NativeLibrary.getInstance(isBundled() ? BUNDLED.toString() : "libbpf.so.1"));
            loaded = true;
        } catch (UnsatisfiedLinkError e) {
            throw new ProbeException(
                    "cannot load libbpf.so.1 for the engine core",
                    "install libbpf 1.0 or newer: apt-get install libbpf1, or dnf install libbpf");
        }
    }

    static native int libbpf_major_version();

    static native int libbpf_minor_version();

    static native Pointer libbpf_set_print(PrintCallback print);

    static native Pointer bpf_object__open_mem(Pointer bytes, long size, Pointer options);

    static native int bpf_object__load(Pointer object);

    static native void bpf_object__close(Pointer object);

    static native Pointer bpf_object__find_program_by_name(Pointer object, String name);

    static native Pointer bpf_object__next_program(Pointer object, Pointer previous);

    static native String bpf_program__name(Pointer program);

    static native int bpf_program__set_autoload(Pointer program, boolean load);

    static native int bpf_program__fd(Pointer program);

    static native Pointer bpf_program__attach(Pointer program);

    static native Pointer bpf_program__attach_perf_event(Pointer program, int perfEvent);

    static native Pointer bpf_program__attach_iter(Pointer program, Pointer options);

    static native Pointer bpf_object__find_map_by_name(Pointer object, String name);

    static native int bpf_map__fd(Pointer map);

    static native int bpf_map__set_max_entries(Pointer map, int entries);

    static native Pointer bpf_map__initial_value(Pointer map, LongByReference size);

    static native int bpf_link__fd(Pointer link);

    static native int bpf_link__destroy(Pointer link);

    static native int bpf_iter_create(int link);

    /** The instructions of a program; after the load as the kernel received them. */
    static native Pointer bpf_program__insns(Pointer program);

    static native long bpf_program__insn_cnt(Pointer program);

    /** The number of the kernel function with this name in BTF, or a negative errno. */
    static native int libbpf_find_vmlinux_btf_id(String name, int attachType);
}
