package dev.aioscope.probe.bpf;

import com.sun.jna.Pointer;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Kallsyms;
import dev.aioscope.probe.Tier;
import dev.aioscope.worker.Worker;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The settings of the probes, fixed before they load.
 *
 * @param stacks whether to send the user stacks of io_setup and io_destroy
 * @param watchHandles whether to report calls with destroyed handles, which needs probes on the path of I/O
 * @param hideArguments whether to read no arguments of processes
 * @param ringBytes the size of the ring buffer: a power of two, at least a page
 * @param inProgress the maximum number of io_setup and io_destroy calls in progress; half as many for kill_ioctx, a quarter
 *     for free_ioctx_users
 */
public record ProbeSettings(
        boolean stacks, boolean watchHandles, boolean hideArguments, int ringBytes, int inProgress) {
    /** Twice what one process with 1,000 contexts sends at its exit before the reader runs. */
    public static final int RING_BYTES = 1 << 20;

    /** The default number of threads in io_destroy and kill_ioctx at once. */
    public static final int IN_PROGRESS = 4096;

    /** Without options that only some commands need. */
    public static final ProbeSettings PLAIN = new ProbeSettings(false, false);

    /** The size of {@code struct settings} of {@code probes/event.h}. */
    public static final int SIZE = ProbeSettingsLayout.SETTINGS_SIZE;

    /** Read once, on another thread: the kernel takes some 100 ms to list its symbols, and its own never move. */
    private static final CompletableFuture<Kallsyms> SYMBOLS = Worker.supply(
            "kernel-symbols",
            () -> Kallsyms.read(Set.of(
                    "__per_cpu_offset",
                    "aio_nr",
                    "aio_max_nr",
                    "page_offset_base",
                    "vmemmap_base",
                    "percpu_ref_switch_to_atomic_rcu",
                    "kretprobe_trampoline",
                    "aio_complete_rw",
                    "aio_fsync_work",
                    "aio_poll_complete_work",
                    "aio_poll_put_work",
                    "bpf_preempt_disable",
                    "exit_aio")));

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
        return SYMBOLS.join().find("bpf_preempt_disable").begin() != 0;
    }

    /** The same, but for the arguments of processes. */
    public ProbeSettings withHiddenArguments(boolean areHidden) {
        return new ProbeSettings(stacks, watchHandles, areHidden, ringBytes, inProgress);
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
        sizes.put("events", hasEvents ? ringBytes : SharedMemory.PAGE);
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
        settings.setLong(
                ProbeSettingsLayout.SETTINGS_PER_CPU_OFFSET,
                symbols.find("__per_cpu_offset").begin());
        settings.setLong(
                ProbeSettingsLayout.SETTINGS_AIO_NR, symbols.find("aio_nr").begin());
        settings.setLong(
                ProbeSettingsLayout.SETTINGS_AIO_MAX_NR,
                symbols.find("aio_max_nr").begin());
        settings.setLong(
                ProbeSettingsLayout.SETTINGS_PAGE_OFFSET_BASE,
                symbols.find("page_offset_base").begin());
        settings.setLong(
                ProbeSettingsLayout.SETTINGS_VMEMMAP_BASE,
                symbols.find("vmemmap_base").begin());
        Kallsyms.Range rcu = symbols.find("percpu_ref_switch_to_atomic_rcu");
        settings.setLong(ProbeSettingsLayout.SETTINGS_SWITCH_TO_ATOMIC_RCU_BEGIN, rcu.begin());
        settings.setLong(ProbeSettingsLayout.SETTINGS_SWITCH_TO_ATOMIC_RCU_END, rcu.end());
        // Since 5.15 it has other names, and the kernel unwinds stacks through it.
        Kallsyms.Range trampoline = symbols.find("kretprobe_trampoline");
        settings.setLong(ProbeSettingsLayout.SETTINGS_RETURN_TRAMPOLINE_BEGIN, trampoline.begin());
        settings.setLong(ProbeSettingsLayout.SETTINGS_RETURN_TRAMPOLINE_END, trampoline.end());
        settings.setLong(
                ProbeSettingsLayout.SETTINGS_AIO_COMPLETE_RW,
                symbols.find("aio_complete_rw").begin());
        settings.setLong(
                ProbeSettingsLayout.SETTINGS_AIO_FSYNC_WORK,
                symbols.find("aio_fsync_work").begin());
        settings.setLong(
                ProbeSettingsLayout.SETTINGS_AIO_POLL_COMPLETE_WORK,
                symbols.find("aio_poll_complete_work").begin());
        settings.setLong(
                ProbeSettingsLayout.SETTINGS_AIO_POLL_PUT_WORK,
                symbols.find("aio_poll_put_work").begin());
        Kallsyms.Range exit = symbols.find("exit_aio");
        settings.setLong(ProbeSettingsLayout.SETTINGS_EXIT_AIO_BEGIN, exit.begin());
        settings.setLong(ProbeSettingsLayout.SETTINGS_EXIT_AIO_END, exit.end());
        settings.setInt(ProbeSettingsLayout.SETTINGS_POSSIBLE_CPUS, Host.possibleCpus());
        settings.setInt(ProbeSettingsLayout.SETTINGS_STACKS, stacks ? 1 : 0);
        settings.setInt(ProbeSettingsLayout.SETTINGS_WATCH_HANDLES, watchHandles ? 1 : 0);
        settings.setInt(ProbeSettingsLayout.SETTINGS_HIDE_ARGUMENTS, hideArguments ? 1 : 0);
    }
}
