package dev.aioscope.probe.bcc;

import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.Programs;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Programs that libbcc compiles on this host, for the kernel that runs. Nothing of libbcc stays in this process. */
public final class BccEngine implements Engine {
    private final BytecodeCache cache;
    private @Nullable Bytecode bytecode;
    private @Nullable ProbeException failure;

    public BccEngine() {
        this(BytecodeCache.FOLDER);
    }

    /**
     * Keeps what is compiled elsewhere.
     *
     * @param cache the folder; it is made if it is missing
     */
    public BccEngine(Path cache) {
        this.cache = new BytecodeCache(cache);
    }

    /**
     * The version of the libbcc that is installed; this process stays large from then on.
     *
     * @throws ProbeException if there is none, or it is too old
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

    /** Compiled once, whatever comes of it: the next tier wants the same programs. */
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
