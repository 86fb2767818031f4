package dev.aioscope.cli.option;

import dev.aioscope.config.Configurable;
import dev.aioscope.config.IntegerRangeConverter;
import dev.aioscope.config.RingSizeConverter;
import dev.aioscope.daemon.DaemonOptions.Capacity;
import dev.aioscope.lifecycle.Limits;
import picocli.CommandLine.Option;

/** The limits of the daemon's buffers and tables, with the memory that a full one uses. */
public final class LimitOptions {
    @Configurable
    @Option(
            names = "--ring-size",
            paramLabel = "SIZE",
            defaultValue = "1m",
            converter = RingSizeConverter.class,
            description = {
                "Use a kernel ring buffer of SIZE (default: ${DEFAULT-VALUE}).",
                "A power of two from one page (4k on x86-64) to 64m of kernel memory. Events that do not fit are lost and counted as"
                        + " ring_full."
            })
    private int ringBytes;

    @Configurable
    @Option(
            names = "--max-in-progress",
            paramLabel = "N",
            defaultValue = "4096",
            converter = CapacityConverter.class,
            description = {
                "Track N threads in AIO calls (default: ${DEFAULT-VALUE}).",
                "Calls are io_setup and io_destroy; plus N/2 in kill_ioctx, which an exit calls too. Each allocates 200"
                        + " bytes of kernel memory at the start. More calls are lost and counted as map_full."
            })
    private int inProgress;

    @Configurable
    @Option(
            names = "--max-contexts",
            paramLabel = "N",
            defaultValue = "65536",
            converter = CapacityConverter.class,
            description = {
                "Remember N live contexts (default: ${DEFAULT-VALUE}).",
                "Each uses 550 bytes. The oldest is evicted and counted as evicted_contexts."
            })
    private int contexts;

    @Configurable
    @Option(
            names = "--max-teardowns",
            paramLabel = "N",
            defaultValue = "16384",
            converter = CapacityConverter.class,
            description = {
                "Track N teardowns in progress (default: ${DEFAULT-VALUE}).",
                "Each uses 900 bytes. The oldest is reported early and counted as evicted_teardowns."
            })
    private int teardowns;

    @Configurable
    @Option(
            names = "--max-calls",
            paramLabel = "N",
            defaultValue = "16384",
            converter = CapacityConverter.class,
            description = {
                "Track N threads and N stacks (default: ${DEFAULT-VALUE}).",
                "Threads are those in a teardown. Each uses 400 bytes. The oldest is evicted and counted as evicted_calls."
            })
    private int calls;

    @Configurable
    @Option(
            names = "--max-queued-events",
            paramLabel = "N",
            defaultValue = "16384",
            converter = CapacityConverter.class,
            description = {
                "Queue N events for trace export (default: ${DEFAULT-VALUE}).",
                "Each uses 750 bytes. Events that do not fit are lost for traces, not for metrics, and counted as"
                        + " queue_full."
            })
    private int queuedEvents;

    @Configurable
    @Option(
            names = "--max-identities",
            paramLabel = "N",
            defaultValue = "16384",
            converter = CapacityConverter.class,
            description = {
                "Remember N process identities (default: ${DEFAULT-VALUE}).",
                "An identity is executable, user and container. Each uses 600 bytes plus its command line. The least recently used is"
                        + " evicted."
            })
    private int identities;

    /** The capacity that the options describe. */
    public Capacity capacity() {
        return new Capacity(ringBytes, inProgress, new Limits(contexts, teardowns, calls), queuedEvents, identities);
    }

    static final class CapacityConverter extends IntegerRangeConverter {
        CapacityConverter() {
            super(64, 1 << 20);
        }
    }
}
