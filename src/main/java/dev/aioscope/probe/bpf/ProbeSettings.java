package dev.aioscope.probe.bpf;

import com.sun.jna.Pointer;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Kallsyms;
import dev.aioscope.probe.Tier;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * What the probes are told before they are loaded.
 *
 * @param stacks whether the user stacks of io_setup and io_destroy are wanted
 * @param watchHandles whether calls with destroyed handles are wanted, which needs probes on the path of I/O
 * @param ringBytes how much the ring buffer holds: a power of two, a page at least
 * @param inProgress how many calls of io_setup and io_destroy can be between their entry and their return; half as many of
 *     kill_ioctx, a quarter of free_ioctx_users
 */
public record ProbeSettings(boolean stacks, boolean watchHandles, int ringBytes, int inProgress) {
    /** All that one process with 1,000 contexts makes when it ends, before the reader gets a turn, and as much again. */
    public static final int RING_BYTES = 1 << 20;

    /** As many threads as can wait in io_destroy and kill_ioctx at once. */
    public static final int IN_PROGRESS = 4096;

    /** Nothing beyond what every command needs. */
    public static final ProbeSettings PLAIN = new ProbeSettings(false, false);

    /** The size of {@code struct settings} of {@code probes/event.h}. */
    public static final int SIZE = ProbeSettingsLayout.SETTINGS_SIZE;

    /** Read once, on a thread of its own: the kernel takes some 100 ms to list its symbols, and its own never move. */
    private static final CompletableFuture<Kallsyms> SYMBOLS = CompletableFuture.supplyAsync(() -> Kallsyms.read(Set.of(
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

    /** Begins to gather what all probes are told. Of use before something else that takes time. */
    public static void prepare() {
        // It is the initialization of this class that begins.
    }

    /** Whether the kernel tells this process where its symbols are. */
    public static boolean knowsAddresses() {
        return SYMBOLS.join().find("exit_aio").begin() != 0;
    }

    /** Whether the kernel has, and shows, the functions that programs call where they are there. */
    public static boolean hasKernelFunctions() {
        return SYMBOLS.join().find("bpf_preempt_disable").begin() != 0;
    }

    /** With as much room as does for every host that is known. */
    public ProbeSettings(boolean stacks, boolean watchHandles) {
        this(stacks, watchHandles, RING_BYTES, IN_PROGRESS);
    }

    /**
     * The maps of which these settings say how large they are, in entries; for the ring, bytes. Those that have no use in
     * the tier are as small as can be.
     */
    public Map<String, Integer> sizes(Tier tier) {
        boolean isFull = tier == Tier.FULL;
        boolean hasEvents = isFull || tier == Tier.SYSCALL;
        Map<String, Integer> sizes = new HashMap<>();
        sizes.put("events", hasEvents ? ringBytes : SharedMemory.PAGE);
        sizes.put("calls", hasEvents ? inProgress : 1);
        // Inside kill_ioctx a thread can wait for mmap_lock only, inside free_ioctx_users for nothing.
        sizes.put("kills", isFull ? Math.max(1, inProgress / 2) : 1);
        sizes.put("releases", isFull ? Math.max(1, inProgress / 4) : 1);
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
        // Since 5.15 it has other names, and the kernel finds its way through it.
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
    }
}
