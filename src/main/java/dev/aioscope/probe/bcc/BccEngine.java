package dev.aioscope.probe.bcc;

import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.Programs;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The engine that compiles the programs on this host with libbcc, in another process. */
public final class BccEngine implements Engine {
    private final BytecodeCache cache;
    private @Nullable Bytecode bytecode;
    private @Nullable ProbeException failure;

    public BccEngine() {
        this(BytecodeCache.DIRECTORY);
    }

    /**
     * Uses another cache.
     *
     * @param cache the directory; created if missing
     */
    public BccEngine(Path cache) {
        this.cache = new BytecodeCache(cache);
    }

    /**
     * The version of the installed libbcc; loads it, so this process stays large.
     *
     * @throws ProbeException if it is not installed, or too old
     */
    public static String libbccVersion() {
        LibBcc.load();
        return LibBcc.version();
    }

    @Override
    public String label() {
        return "bcc";
    }

    @Override
    public Programs open(ProbeSettings settings) {
        return new BccPrograms(compiled(), settings);
    }

    /** Compiles once, also after a failure: the next tier needs the same programs. */
    private Bytecode compiled() {
        if (failure != null) {
            throw failure;
        }
        if (bytecode == null) {
            try {
                bytecode = cache.get(new SourceCode());
            } catch (ProbeException e) {
                failure = e;
                throw e;
            }
        }
        return bytecode;
    }
}
