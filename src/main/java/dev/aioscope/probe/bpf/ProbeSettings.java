package dev.aioscope.probe.bpf;

import com.sun.jna.Pointer;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Kallsyms;
import dev.aioscope.probe.Tier;
import dev.aioscope.worker.Worker;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The settings of the probes, fixed before they load.
 *
 * @param stacks whether to send the user stacks of io_setup and io_destroy
 * @param watchHandles whether to report calls with destroyed handles, which needs probes on the path of I/O
 * @param hideArguments whether to read no arguments of processes
 * @param ringBytes the size of the ring buffer: a power of two, at least a page
 * @param inProgress the maximum number of io_setup and io_destroy calls in progress; half as many for kill_ioctx, a quarter
 *     for free_ioctx_users
 * @param hasRingBuffer whether the kernel has BPF ring buffers; without them the probes fill queues
 */
public record ProbeSettings(
        boolean stacks,
        boolean watchHandles,
        boolean hideArguments,
        int ringBytes,
        int inProgress,
        boolean hasRingBuffer) {
    /** Twice what one process with 1,000 contexts sends at its exit before the reader runs. */
    public static final int RING_BYTES = 1 << 20;

    /** The default number of threads in io_destroy and kill_ioctx at once. */
    public static final int IN_PROGRESS = 4096;

    /** Without options that only some commands need. */
    public static final ProbeSettings PLAIN = new ProbeSettings(false, false);

    /** The size of {@code struct settings} of {@code probes/event.h}. */
    public static final int SIZE = ProbeSettingsLayout.SETTINGS_SIZE;

    private static final int MIN_ELEMENTS = 32;

    private static final String PREEMPTION = "bpf_preempt_disable";

    /**
     * A symbol whose address the probes use.
     *
     * @param begin offset of its address in {@code struct settings}
     * @param end offset of the address behind it; null if the probes do not use it
     */
    private record Symbol(String name, int begin, @Nullable Integer end) {}

    private static final List<Symbol> ADDRESSES = List.of(
            new Symbol("__per_cpu_offset", ProbeSettingsLayout.SETTINGS_PER_CPU_OFFSET, null),
            new Symbol("aio_nr", ProbeSettingsLayout.SETTINGS_AIO_NR, null),
            new Symbol("aio_max_nr", ProbeSettingsLayout.SETTINGS_AIO_MAX_NR, null),
            new Symbol("page_offset_base", ProbeSettingsLayout.SETTINGS_PAGE_OFFSET_BASE, null),
            new Symbol("vmemmap_base", ProbeSettingsLayout.SETTINGS_VMEMMAP_BASE, null),
            new Symbol("memstart_addr", ProbeSettingsLayout.SETTINGS_MEMSTART_ADDR, null),
            new Symbol("mem_section", ProbeSettingsLayout.SETTINGS_MEM_SECTION, null),
            new Symbol(
                    "percpu_ref_switch_to_atomic_rcu",
                    ProbeSettingsLayout.SETTINGS_SWITCH_TO_ATOMIC_RCU_BEGIN,
                    ProbeSettingsLayout.SETTINGS_SWITCH_TO_ATOMIC_RCU_END),
            // Since 5.15 it has other names, and the kernel unwinds stacks through it.
            new Symbol(
                    "kretprobe_trampoline",
                    ProbeSettingsLayout.SETTINGS_RETURN_TRAMPOLINE_BEGIN,
                    ProbeSettingsLayout.SETTINGS_RETURN_TRAMPOLINE_END),
            new Symbol("aio_complete_rw", ProbeSettingsLayout.SETTINGS_AIO_COMPLETE_RW, null),
            new Symbol("aio_fsync_work", ProbeSettingsLayout.SETTINGS_AIO_FSYNC_WORK, null),
            new Symbol("aio_poll_complete_work", ProbeSettingsLayout.SETTINGS_AIO_POLL_COMPLETE_WORK, null),
            new Symbol("aio_poll_put_work", ProbeSettingsLayout.SETTINGS_AIO_POLL_PUT_WORK, null),
            new Symbol(
                    "exit_aio",
                    ProbeSettingsLayout.SETTINGS_EXIT_AIO_BEGIN,
                    ProbeSettingsLayout.SETTINGS_EXIT_AIO_END));

    /** Read once, on another thread: the kernel takes some 100 ms to list its symbols, and its own never move. */
    private static final CompletableFuture<Kallsyms> SYMBOLS = Worker.supply(
            "kernel-symbols",
            () -> Kallsyms.read(Stream.concat(ADDRESSES.stream().map(Symbol::name), Stream.of(PREEMPTION))
                    .collect(Collectors.toSet())));

    /** Starts reading the kernel's symbols in the background. Call it early. */
    public static void prepare() {
        // The initialization of this class starts the read.
    }

    /** Whether the kernel shows this process the addresses of its symbols. */
    public static boolean knowsAddresses() {
        return SYMBOLS.join().find("exit_aio").begin() != 0;
    }

    /** Whether the kernel has and shows the functions that programs can call. */
    public static boolean hasKernelFunctions() {
        return SYMBOLS.join().find(PREEMPTION).begin() != 0;
    }

    /** The same, but for the arguments of processes. */
    public ProbeSettings withHiddenArguments(boolean areHidden) {
        return new ProbeSettings(stacks, watchHandles, areHidden, ringBytes, inProgress, hasRingBuffer);
    }

    /** The same for a kernel without BPF ring buffers. */
    ProbeSettings withoutRingBuffer() {
        return new ProbeSettings(stacks, watchHandles, hideArguments, ringBytes, inProgress, false);
    }

    /** For a kernel with BPF ring buffers. */
    public ProbeSettings(boolean stacks, boolean watchHandles, boolean hideArguments, int ringBytes, int inProgress) {
        this(stacks, watchHandles, hideArguments, ringBytes, inProgress, true);
    }

    /** With arguments, and with as much room as does for every host that is known. */
    public ProbeSettings(boolean stacks, boolean watchHandles) {
        this(stacks, watchHandles, false, RING_BYTES, IN_PROGRESS);
    }

    /**
     * The sizes of maps that depend on these settings, in entries; for the ring, bytes. Maps that the tier does not use have
     * the minimum size.
     */
    public Map<String, Integer> sizes(Tier tier) {
        boolean isFull = tier == Tier.FULL;
        boolean hasEvents = isFull || tier == Tier.SYSCALL;
        Map<String, Integer> sizes = new HashMap<>();
        if (hasRingBuffer) {
            sizes.put("events", hasEvents ? ringBytes : SharedMemory.PAGE);
        } else {
            sizes.put("events", hasEvents ? Math.max(MIN_ELEMENTS, ringBytes / QueueBuffer.SHORT_RECORD) : 1);
        }
        if (!hasRingBuffer && !hasEvents) {
            sizes.put("long_events", 1);
            sizes.put("process_events", 1);
        }
        sizes.put("calls", hasEvents ? inProgress : 1);
        // A thread waits only for mmap_lock inside kill_ioctx, and for nothing inside free_ioctx_users.
        sizes.put("kills", isFull ? Math.max(1, inProgress / 2) : 1);
        sizes.put("releases", isFull ? Math.max(1, inProgress / 4) : 1);
        if (!hasEvents) {
            sizes.put("identified", 1);
        }
        if (!watchHandles) {
            sizes.put("destroyed", 1);
            sizes.put("uses", 1);
        }
        return sizes;
    }

    /** Writes {@code struct settings}. */
    public void write(Pointer settings) {
        Kallsyms symbols = SYMBOLS.join();
        for (Symbol symbol : ADDRESSES) {
            Kallsyms.Range range = symbols.find(symbol.name);
            settings.setLong(symbol.begin, range.begin());
            if (symbol.end != null) {
                settings.setLong(symbol.end, range.end());
            }
        }
        settings.setInt(ProbeSettingsLayout.SETTINGS_POSSIBLE_CPUS, Host.possibleCpus());
        settings.setInt(ProbeSettingsLayout.SETTINGS_STACKS, stacks ? 1 : 0);
        settings.setInt(ProbeSettingsLayout.SETTINGS_WATCH_HANDLES, watchHandles ? 1 : 0);
        settings.setInt(ProbeSettingsLayout.SETTINGS_HIDE_ARGUMENTS, hideArguments ? 1 : 0);
        settings.setInt(ProbeSettingsLayout.SETTINGS_PAGE_BYTES, SharedMemory.PAGE);
        // System.nanoTime is CLOCK_MONOTONIC.
        settings.setLong(ProbeSettingsLayout.SETTINGS_BOOT_OFFSET, BootClock.now() - System.nanoTime());
    }
}
