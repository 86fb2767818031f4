package dev.aioscope.probe.bpf;

/**
 * Offsets in the two variables that the probes share with user space: {@code struct settings} in .rodata and {@code struct
 * inventory} in .bss, both from {@code probes/event.h}. A test compiles the header and compares.
 */
final class ProbeSettingsLayout {
    static final int SETTINGS_PER_CPU_OFFSET = 0;
    static final int SETTINGS_AIO_NR = 8;
    static final int SETTINGS_AIO_MAX_NR = 16;
    static final int SETTINGS_PAGE_OFFSET_BASE = 24;
    static final int SETTINGS_VMEMMAP_BASE = 32;
    static final int SETTINGS_MEMSTART_ADDR = 40;
    static final int SETTINGS_MEM_SECTION = 48;
    static final int SETTINGS_SWITCH_TO_ATOMIC_RCU_BEGIN = 56;
    static final int SETTINGS_SWITCH_TO_ATOMIC_RCU_END = 64;
    static final int SETTINGS_RETURN_TRAMPOLINE_BEGIN = 72;
    static final int SETTINGS_RETURN_TRAMPOLINE_END = 80;
    static final int SETTINGS_AIO_COMPLETE_RW = 88;
    static final int SETTINGS_AIO_FSYNC_WORK = 96;
    static final int SETTINGS_AIO_POLL_COMPLETE_WORK = 104;
    static final int SETTINGS_AIO_POLL_PUT_WORK = 112;
    static final int SETTINGS_EXIT_AIO_BEGIN = 120;
    static final int SETTINGS_EXIT_AIO_END = 128;
    static final int SETTINGS_POSSIBLE_CPUS = 136;
    static final int SETTINGS_STACKS = 140;
    static final int SETTINGS_WATCH_HANDLES = 144;
    static final int SETTINGS_HIDE_ARGUMENTS = 148;
    static final int SETTINGS_BOOT_OFFSET = 152;
    static final int SETTINGS_PAGE_BYTES = 160;

    static final int SETTINGS_SIZE = 168;

    static final int INVENTORY_FIRST_SLOT = 0;
    static final int INVENTORY_NEXT_SLOT = 4;

    private ProbeSettingsLayout() {}
}
