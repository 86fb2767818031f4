package dev.aioscope.event;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A view of one record, moved from record to record with {@link #wrap}: reading an event allocates nothing. It is only
 * valid until the handler returns; what is to be kept is copied.
 *
 * <p>A method that reads a field of another type of record throws {@link IllegalStateException}. A value that could not
 * be seen is {@link EventLayout#ABSENT_U64} or {@link EventLayout#ABSENT_S32}. Times are CLOCK_BOOTTIME in ns.
 */
public final class Event {
    /** No program can have an address beyond: arm64 has 52 bits at most, x86-64 has 47, or 56 if a program asks for it. */
    private static final int USER_BITS = 56;

    private static final int MOST_FRAMES = (EventLayout.STACK_SIZE - EventLayout.STACK_FRAMES) / Long.BYTES;

    /** As vm.mmap_min_addr usually is. */
    private static final long LOWEST_MAPPED = 65_536;

    /** NAME_LEN of the header. */
    private static final int NAME_LENGTH = 48;

    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private int offset;

    /** A copy of the record: a look into a buffer takes ten times as long as one into an array. */
    private long[] words = {};

    private int first;

    /** Where a single record is copied to. */
    private long[] own = {};

    // The latest name, and what it was made of: mostly one thread tells of itself again and again.
    private String comm = "";
    private long commFirst;
    private long commSecond;

    private EventType type = EventType.FREE;

    /**
     * Looks at the record that begins at {@code offset} of {@code buffer} (host byte order).
     *
     * @param length bytes that the record may have; a real record has the size of its type, and the ring buffer pads it
     * @throws CorruptEventException if it is too short, or its type or size is not one that the probes send
     */
    public Event wrap(ByteBuffer buffer, int offset, int length) {
        int count = Math.min(length, sizeAt(buffer, offset, length)) / Long.BYTES;
        if (own.length < count) {
            own = new long[count];
        }
        for (int i = 0; i < count; i++) {
            own[i] = buffer.getLong(offset + Long.BYTES * i);
        }
        return wrap(buffer, offset, length, own, 0);
    }

    /**
     * The same of a record that has been copied already.
     *
     * @param words the copy begins at {@code first} of them
     */
    public Event wrap(ByteBuffer buffer, int offset, int length, long[] words, int first) {
        if (length < EventLayout.HEADER_SIZE) {
            throw new CorruptEventException(
                    "a record of " + length + " bytes is shorter than its header (" + EventLayout.HEADER_SIZE + ")");
        }
        int typeAndSize = (int) (words[first + EventLayout.TYPE / Long.BYTES] >>> Integer.SIZE);
        int code = typeAndSize & 0xffff;
        int size = typeAndSize >>> Short.SIZE;
        EventType found = EventType.of(code);
        if (found == null) {
            throw new CorruptEventException("a record of type " + code + " does not exist");
        }
        if (size != found.size() || length < size) {
            throw new CorruptEventException(
                    "a record " + found + " of " + size + " bytes in " + length + " should have " + found.size());
        }
        this.buffer = buffer;
        this.offset = offset;
        this.words = words;
        this.first = first;
        this.type = found;
        return this;
    }

    /**
     * The size that the record at {@code offset} says it has; at least that of a header, so that a reader gets on.
     *
     * @param length bytes that are there
     */
    public static int sizeAt(ByteBuffer buffer, int offset, int length) {
        return length < EventLayout.HEADER_SIZE
                ? EventLayout.HEADER_SIZE
                : Math.max(EventLayout.HEADER_SIZE, Short.toUnsignedInt(buffer.getShort(offset + EventLayout.SIZE)));
    }

    /** What the record tells. */
    public EventType type() {
        return type;
    }

    /** When it happened. */
    public long time() {
        return u64(EventLayout.TIME);
    }

    /** The address of the struct kioctx, in the tier {@code proc} the inode of its ring; 0 if it is not known. */
    public long kioctx() {
        return u64(EventLayout.KIOCTX);
    }

    /** The address of the struct mm_struct, in the tier {@code proc} the pid; 0 if it is not known. */
    public long mm() {
        return u64(EventLayout.MM);
    }

    /** The id of the cgroup v2. */
    public long cgroup() {
        return u64(EventLayout.CGROUP);
    }

    /** The process. In {@code USERS}, {@code REQS} and {@code FREE} it is the one that was interrupted. */
    public int pid() {
        return s32(EventLayout.PID);
    }

    /** The thread; see {@link #pid}. */
    public int tid() {
        return s32(EventLayout.TID);
    }

    /** The CPU that ran the probe. */
    public int cpu() {
        return s32(EventLayout.CPU);
    }

    /** The name of the thread; see {@link #pid}. */
    public String comm() {
        long first = u64(EventLayout.COMM);
        long second = u64(EventLayout.COMM + Long.BYTES);
        if (first != commFirst || second != commSecond) {
            comm = text(EventLayout.COMM, EventLayout.COMM_LENGTH);
            commFirst = first;
            commSecond = second;
        }
        return comm;
    }

    private String text(int at, int most) {
        byte[] text = new byte[most];
        int length = 0;
        while (length < most) {
            byte b = s8(at + length);
            if (b == 0) {
                break;
            }
            text[length++] = b;
        }
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    /** When the process began: tells it from another one with its number; see {@link #pid}. */
    public long processStart() {
        return u64(EventLayout.PROCESS_START);
    }

    /** When the function or the system call was entered. */
    public long enterTime() {
        return u64(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_ENTER_TIME;
                    case KILL_EXIT -> EventLayout.KILL_EXIT_ENTER_TIME;
                    case USERS -> EventLayout.USERS_ENTER_TIME;
                    case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_ENTER_TIME;
                    default -> throw other();
                });
    }

    /** When io_destroy was entered; absent outside of it. */
    public long callTime() {
        return u64(
                switch (type) {
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_CALL_TIME;
                    default -> throw other();
                });
    }

    /** The aio_context_t of the program. */
    public long handle() {
        return u64(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_HANDLE;
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_HANDLE;
                    case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_HANDLE;
                    case USE -> EventLayout.USE_HANDLE;
                    case LIVE_CONTEXT -> EventLayout.LIVE_CONTEXT_HANDLE;
                    case TASK_IN_TEARDOWN -> EventLayout.TASK_IN_TEARDOWN_HANDLE;
                    default -> throw other();
                });
    }

    /** What the call returned: a negative errno, or 0 (of {@code USE}: or a number, see {@code probes/event.h}). */
    public long result() {
        return u64(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_RESULT;
                    case KILL_EXIT -> EventLayout.KILL_EXIT_RESULT;
                    case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_RESULT;
                    case USE -> EventLayout.USE_RESULT;
                    case STRAGGLER -> EventLayout.STRAGGLER_RESULT;
                    default -> throw other();
                });
    }

    /** fs.aio-nr at that moment. */
    public long aioNr() {
        return u64(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_AIO_NR;
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_AIO_NR;
                    case KILL_EXIT -> EventLayout.KILL_EXIT_AIO_NR;
                    default -> throw other();
                });
    }

    /** fs.aio-max-nr at that moment. */
    public long aioMaxNr() {
        return u64(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_AIO_MAX_NR;
                    default -> throw other();
                });
    }

    /** The number given to io_setup: the charge. */
    public int maxReqs() {
        return s32(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_MAX_REQS;
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_MAX_REQS;
                    case LIVE_CONTEXT -> EventLayout.LIVE_CONTEXT_MAX_REQS;
                    default -> throw other();
                });
    }

    /** Slots in the ring. */
    public int nrEvents() {
        return s32(
                switch (type) {
                    case SETUP -> EventLayout.SETUP_NR_EVENTS;
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_NR_EVENTS;
                    case LIVE_CONTEXT -> EventLayout.LIVE_CONTEXT_NR_EVENTS;
                    default -> throw other();
                });
    }

    /** Why the context ends. */
    public Trigger trigger() {
        return Trigger.of(s32(
                switch (type) {
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_TRIGGER;
                    case TASK_IN_TEARDOWN -> EventLayout.TASK_IN_TEARDOWN_TRIGGER;
                    default -> throw other();
                }));
    }

    /** Requests not completed, from the free slots of the ring. */
    public int outstandingSlots() {
        return s32(
                switch (type) {
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_OUTSTANDING_SLOTS;
                    case LIVE_CONTEXT -> EventLayout.LIVE_CONTEXT_OUTSTANDING_SLOTS;
                    default -> throw other();
                });
    }

    /** Requests not completed, from the references on the context. */
    public int outstandingRefs() {
        return s32(
                switch (type) {
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_OUTSTANDING_REFS;
                    case USERS -> EventLayout.USERS_OUTSTANDING;
                    case LIVE_CONTEXT -> EventLayout.LIVE_CONTEXT_OUTSTANDING_REFS;
                    default -> throw other();
                });
    }

    /** Requests completed that the program has not read. */
    public int unreaped() {
        return s32(
                switch (type) {
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_UNREAPED;
                    case LIVE_CONTEXT -> EventLayout.LIVE_CONTEXT_UNREAPED;
                    default -> throw other();
                });
    }

    /** Other threads inside an AIO call on the context. */
    public int siblings() {
        return s32(
                switch (type) {
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_SIBLINGS;
                    case TEARDOWN_STATE -> EventLayout.TEARDOWN_STATE_SIBLINGS;
                    default -> throw other();
                });
    }

    /** When vm_munmap was entered inside kill_ioctx; absent when it was not called. */
    public long unmapEnterTime() {
        return u64(
                switch (type) {
                    case KILL_EXIT -> EventLayout.KILL_EXIT_UNMAP_ENTER_TIME;
                    default -> throw other();
                });
    }

    /** When vm_munmap returned. */
    public long unmapExitTime() {
        return u64(
                switch (type) {
                    case KILL_EXIT -> EventLayout.KILL_EXIT_UNMAP_EXIT_TIME;
                    default -> throw other();
                });
    }

    /** What vm_munmap returned: 0 or a negative errno. */
    public int unmapResult() {
        return s32(
                switch (type) {
                    case KILL_EXIT -> EventLayout.KILL_EXIT_UNMAP_RESULT;
                    default -> throw other();
                });
    }

    /** Voluntary context switches: of the task so far (KILL_EXIT), or during the call (DESTROY_EXIT). */
    public long voluntarySwitches() {
        return u64(
                switch (type) {
                    case KILL_EXIT -> EventLayout.KILL_EXIT_VOLUNTARY_SWITCHES;
                    case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_VOLUNTARY_SWITCHES;
                    default -> throw other();
                });
    }

    /** Whether a SIGKILL was waiting for the caller. */
    public boolean pendingSigkill() {
        if (type == EventType.KILL_EXIT) {
            return s8(EventLayout.KILL_EXIT_PENDING_SIGKILL) != 0;
        }
        return s32(
                        switch (type) {
                            case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_PENDING_SIGKILL;
                            case TASK_IN_TEARDOWN -> EventLayout.TASK_IN_TEARDOWN_PENDING_SIGKILL;
                            default -> throw other();
                        })
                != 0;
    }

    /** What stood at the handle: before the ring is unmapped (KILL_ENTER), or after a call that failed (DESTROY_EXIT). */
    public RingState ring() {
        return RingState.of(s32(
                switch (type) {
                    case KILL_ENTER, DESTROY_ENTER -> EventLayout.TEARDOWN_RING;
                    case DESTROY_EXIT -> EventLayout.DESTROY_EXIT_RING;
                    default -> throw other();
                }));
    }

    /** Whether the context was marked dead after kill_ioctx; null if that was not read. */
    public @Nullable Boolean dead() {
        return found(EventLayout.KILL_EXIT_DEAD);
    }

    /** Whether the address space still had the context in its table after kill_ioctx; null if that was not read. */
    public @Nullable Boolean inTable() {
        return found(EventLayout.KILL_EXIT_IN_TABLE);
    }

    /** One of {@code enum found}. */
    private @Nullable Boolean found(int at) {
        if (type != EventType.KILL_EXIT) {
            throw other();
        }
        byte found = s8(at);
        return switch (found) {
            case 0 -> null;
            case 1 -> false;
            case 2 -> true;
            default -> throw new CorruptEventException("found " + found + " does not exist");
        };
    }

    /** Requests with a ki_cancel before they were cancelled. */
    public int cancellableBefore() {
        return s32(
                switch (type) {
                    case USERS -> EventLayout.USERS_CANCELLABLE_BEFORE;
                    default -> throw other();
                });
    }

    /** Requests with a ki_cancel that are left. */
    public int cancellableAfter() {
        return s32(
                switch (type) {
                    case USERS -> EventLayout.USERS_CANCELLABLE_AFTER;
                    default -> throw other();
                });
    }

    /** What the teardown waits for; null if the context could not be seen. */
    public @Nullable WaitReason waitReason() {
        return WaitReason.of(s32(
                switch (type) {
                    case TEARDOWN_STATE -> EventLayout.TEARDOWN_STATE_WAIT_REASON;
                    default -> throw other();
                }));
    }

    /** Requests that a teardown still waits for. */
    public int requests() {
        return s32(
                switch (type) {
                    case TEARDOWN_STATE -> EventLayout.TEARDOWN_STATE_REQUESTS;
                    default -> throw other();
                });
    }

    /** What a request was to do. */
    public Operation operation() {
        return Operation.of(s32(straggler(EventLayout.STRAGGLER_OPERATION)));
    }

    /** Where in the file a request began. */
    public long offset() {
        return u64(straggler(EventLayout.STRAGGLER_OFFSET));
    }

    /** The inode of a request's file. */
    public long inode() {
        return u64(straggler(EventLayout.STRAGGLER_INODE));
    }

    /** The magic number of the file system that a request's file is in. */
    public long magic() {
        return u64(straggler(EventLayout.STRAGGLER_MAGIC));
    }

    /** The number that the kernel gives the device of a request's file: major &lt;&lt; 20 | minor. */
    public int device() {
        return s32(straggler(EventLayout.STRAGGLER_DEVICE));
    }

    /** The names of a request's file and the folders above it, the file's own first; long ones are cut. */
    public List<String> names() {
        int depth = s32(straggler(EventLayout.STRAGGLER_DEPTH));
        int most = (EventLayout.STRAGGLER_SIZE - EventLayout.STRAGGLER_NAMES) / NAME_LENGTH;
        if (depth < 0 || depth > most) {
            throw new CorruptEventException("a path of " + depth + " names does not exist");
        }
        return IntStream.range(0, depth)
                .mapToObj(i -> text(EventLayout.STRAGGLER_NAMES + NAME_LENGTH * i, NAME_LENGTH))
                .toList();
    }

    private int straggler(int at) {
        if (type != EventType.STRAGGLER) {
            throw other();
        }
        return at;
    }

    /** Who dropped the last reference. */
    public ReleasedBy releasedBy() {
        return ReleasedBy.of(s32(
                switch (type) {
                    case USERS -> EventLayout.USERS_RELEASED_BY;
                    case REQS -> EventLayout.REQS_RELEASED_BY;
                    default -> throw other();
                }));
    }

    /** Which call was given the destroyed handle. */
    public AioCall use() {
        return AioCall.of(s32(
                switch (type) {
                    case USE -> EventLayout.USE_CALL;
                    default -> throw other();
                }));
    }

    /** The slot in the table of the address space. */
    public int slot() {
        return s32(
                switch (type) {
                    case LIVE_CONTEXT -> EventLayout.LIVE_CONTEXT_SLOT;
                    default -> throw other();
                });
    }

    /** The bits of the task state; 2 is TASK_UNINTERRUPTIBLE. */
    public int state() {
        return s32(
                switch (type) {
                    case TASK_IN_TEARDOWN -> EventLayout.TASK_IN_TEARDOWN_STATE;
                    default -> throw other();
                });
    }

    /**
     * A copy of the return addresses of a user stack, the innermost first. The kernel follows frame pointers, and where a
     * program has other things in that register a stack ends in nonsense: it is cut there.
     */
    public long[] frames() {
        if (type != EventType.STACK) {
            throw other();
        }
        int depth = s32(EventLayout.STACK_DEPTH);
        if (depth < 0 || depth > MOST_FRAMES) {
            throw new CorruptEventException("a stack of " + depth + " frames does not exist");
        }
        long[] frames = new long[depth];
        for (int i = 0; i < depth; i++) {
            frames[i] = u64(EventLayout.STACK_FRAMES + Long.BYTES * i);
            if (frames[i] >>> USER_BITS != 0 || frames[i] < LOWEST_MAPPED) {
                return Arrays.copyOf(frames, i);
            }
        }
        return frames;
    }

    /** A copy of the return addresses of a waiting thread in the kernel, the innermost first. */
    public List<Long> kernelFrames() {
        if (type != EventType.TASK_IN_TEARDOWN) {
            throw other();
        }
        int depth = s32(EventLayout.TASK_IN_TEARDOWN_DEPTH);
        int most = (EventLayout.TASK_IN_TEARDOWN_SIZE - EventLayout.TASK_IN_TEARDOWN_FRAMES) / Long.BYTES;
        if (depth < 0 || depth > most) {
            throw new CorruptEventException("a kernel stack of " + depth + " frames does not exist");
        }
        return IntStream.range(0, depth)
                .mapToObj(i -> u64(EventLayout.TASK_IN_TEARDOWN_FRAMES + Long.BYTES * i))
                .toList();
    }

    /** Takes the return addresses in the kernel away: they mean something on the host and after the start that they are of. */
    public void forgetKernelFrames() {
        if (type == EventType.TASK_IN_TEARDOWN) {
            buffer.putInt(offset + EventLayout.TASK_IN_TEARDOWN_DEPTH, 0);
            wrap(buffer, offset, type.size());
        }
    }

    /** Appends the whole record, {@link EventType#size} bytes, for a recording. */
    public void copyTo(ByteBuffer to) {
        int size = type.size();
        to.put(to.position(), buffer, offset, size).position(to.position() + size);
    }

    private long u64(int at) {
        return words[first + (at >> 3)];
    }

    // All hosts that there are probes for have the lowest byte first.

    private int s32(int at) {
        return (int) (words[first + (at >> 3)] >>> ((at & 4) << 3));
    }

    private byte s8(int at) {
        return (byte) (words[first + (at >> 3)] >>> ((at & 7) << 3));
    }

    private IllegalStateException other() {
        return new IllegalStateException("a record " + type + " does not have this field");
    }
}
