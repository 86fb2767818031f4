// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The probes. They run when a context begins, when it ends, and when user space scans the tasks; none is on the path of a
 * request:
 *
 *   io_setup    entry, return          the kernel makes a context, or refuses it
 *   io_destroy  entry, return          the lookup begins; the caller continues
 *   kill_ioctx  entry, return          the context dies; the caller begins to wait
 *   vm_munmap   entry, return          the kernel unmaps the ring; recorded only inside kill_ioctx
 *   free_ioctx_users  entry, return    no thread is inside a call on the context; the kernel cancels what it can
 *   free_ioctx_reqs   entry            all requests have completed; the caller wakes
 *   free_ioctx        entry            the kernel frees the context
 *
 * Two exceptions, attached only on demand: lookup_ioctx (entry, return), which each call with a handle passes, if the user
 * asks to watch destroyed handles; and the completion of requests, while a teardown is stuck.
 *
 * Each has a fentry/fexit and a kprobe/kretprobe twin around one body; user space loads the one that the kernel accepts.
 */
#include "kernel.h"

CONSTANT(settings)
SHARED(inventory)

#define MAX_CPUS 1024 /* the verifier rejects the loop over 8192 */
#define ENTRIES_PER_BLOCK 32
#define MAX_CANCELLABLE (32 * ENTRIES_PER_BLOCK)
#define MAX_IN_PROGRESS 4096
#define MAX_DESTROYED 4096
#define MAX_USES 256
#define MAX_FOLLOWED 1024
#define MAX_IDENTIFIED 4096
#define SECTION_HAS_MEM_MAP 2UL
#define SECTION_FLAGS 0xffUL
#define NO_COUNT ((__s64)(1ULL << 63))

/*
 * The body of a BPF trampoline program, with preemption disabled. The kernel skips such a program while another run of it
 * on the same CPU is not over: a task preempted inside one would cost other tasks their records. A program may disable
 * preemption since 6.10, but call global functions then only since 6.15. BTF shows neither; enum bpf_features exists since
 * 6.17.
 */
#define UNPREEMPTED(body)                                                   \
	({                                                                  \
		int unpreempted;                                            \
                                                                            \
		if (ENUMERATOR_EXISTS(bpf_features, BPF_FEAT_STREAMS))      \
			bpf_preempt_disable();                              \
		unpreempted = body;                                         \
		if (ENUMERATOR_EXISTS(bpf_features, BPF_FEAT_STREAMS))      \
			bpf_preempt_enable();                               \
		unpreempted;                                                \
	})

enum call_kind {
	CALL_SETUP,
	CALL_DESTROY,
};

/* An io_setup or io_destroy between its entry and its return. */
struct call {
	__u64 enter_time; /* ABSENT if no probe saw the entry */
	__u64 kind;
	__u64 argument_1;
	__u64 argument_2;
	__u64 switches;
};

/* A kill_ioctx between its entry and its return. */
struct kill {
	__u64 enter_time;
	__u64 kioctx;
	__u64 mm;
	__u64 unmap_enter_time;
	__u64 unmap_exit_time;
	__s32 unmap_result;
	__u32 trigger;
};

/* A free_ioctx_users between its entry and its return. */
struct users {
	__u64 enter_time;
	__u64 kioctx;
	__s32 cancellable;
	__s32 outstanding;
	__u32 released_by;
	__u32 reserved;
};

/* A handle is unique only within its address space. */
struct handle_key {
	__u64 mm;
	__u64 handle;
};

/* A program in an address space: each exec increments the id, and the kernel reuses addresses. */
struct process_key {
	__u64 mm;
	__u64 process_start;
	__u32 pid;
	__u32 exec_id;
};

#define EXECUTABLE_BYTES 1792
#define CGROUP_BYTES 1024
#define ARGUMENT_BYTES 4096
#define NAME_BYTES 256 /* of the longest name, with its zero */
#define READ_BYTES 1024
#define TEXT_BYTES 8192 /* a power of two, more than all texts together */
#define STEPS_TO_ROOT 64
#define CGROUP_NAMES 32
#define NO_CONTROLLER (-1)

/*
 * Where a program writes an EVENT_PROCESS. What changes in a loop is in this memory as well: the verifier does not follow
 * the values there, so it checks a loop quickly.
 */
struct process_buffer {
	volatile __u64 node;  /* a dentry, a kernfs_node or an address of the program */
	volatile __u64 mount;
	volatile __u64 bytes; /* of all texts so far */
	volatile __u64 end;   /* of the current text at most */
	volatile __u64 step;  /* bytes to read next */
	struct event_process event;
	char texts[TEXT_BYTES + READ_BYTES];
};

#ifndef WITHOUT_RING_BUFFER
/* Twice what one process with 1,000 contexts sends at its exit before the reader runs. */
RING(events, 1024 * 1024)
#else
/*
 * Before 5.8, three queues replace the ring, as the elements of a queue have one size. User space reads the short records
 * before the others, and passes the others on first: a record that explains short ones is never missing or late.
 */
struct short_record {
	struct event_header header;
	__u64 rest[7];
};

struct long_record {
	struct event_header header;
	__u64 rest[54];
};

struct process_record {
	struct event_process event;
	char texts[TEXT_BYTES];
};

QUEUE(events, struct short_record, 8192)
QUEUE(long_events, struct long_record, 512)
QUEUE(process_events, struct process_record, 64)

/*
 * Where a program writes a record before it enters a queue. One for each CPU suffices: the kernel runs no kprobe or
 * tracepoint program inside another one. It does run fentry programs there, so user space loads none with this object.
 */
MAP(records, PERCPU_ARRAY, __u32, struct long_record, 1)
#endif

MAP(losses, PERCPU_ARRAY, __u32, __u64, LOSS_REASONS)

/* The key is the address of the task: the pid of the idle tasks is 0 on every CPU. */
MAP(calls, HASH, __u64, struct call, MAX_IN_PROGRESS)

MAP(kills, HASH, __u64, struct kill, MAX_IN_PROGRESS)

MAP(releases, HASH, __u64, struct users, MAX_IN_PROGRESS)

/* The handles that io_destroy made invalid recently, if settings.watch_handles. Only the keys matter. */
MAP(destroyed, LRU_HASH, struct handle_key, __u64, MAX_DESTROYED)

/* The destroyed handle of each task that looks one up now. */
MAP(uses, HASH, __u64, __u64, MAX_USES)

/* The contexts in teardown whose state user space wants, with their handles. */
MAP(followed, HASH, __u64, __u64, MAX_FOLLOWED)

/* The processes whose EVENT_PROCESS was sent. Only the keys matter. */
MAP(identified, LRU_HASH, struct process_key, __u64, MAX_IDENTIFIED)

/*
 * One buffer for each CPU suffices: only the program at the return of io_setup uses it. The kernel does not run that
 * program while another run on the same CPU is not over, or does not preempt it.
 */
MAP(process_buffers, PERCPU_ARRAY, __u32, struct process_buffer, 1)

/* The buffer of the iterator over processes. */
MAP(scanned_process, ARRAY, __u32, struct process_buffer, 1)

inline_body void count_loss(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(losses_map(), &reason);

	/* Atomic: an interrupt on this CPU can lose a record as well. */
	if (count)
		__sync_fetch_and_add(count, 1);
}

inline_body struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* 0 if unknown. */
inline_body __u64 process_start(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct___v5_4 *old = (void *)leader;

	return READ_OR(READ_OR(0, old, task_struct___v5_4, real_start_time), leader, task_struct, start_boottime);
}

inline_body __u64 voluntary_switches(struct task_struct *task)
{
	return READ_OR(ABSENT_U64, task, task_struct, nvcsw);
}

/* CLOCK_BOOTTIME. Kernels before 5.8 have no helper for it. */
inline_body __u64 boot_time(void)
{
	return ENUMERATOR_EXISTS(bpf_func_id, BPF_FUNC_ktime_get_boot_ns) ? bpf_ktime_get_boot_ns()
									  : bpf_ktime_get_ns() + settings_memory()->boot_offset;
}

#ifndef WITHOUT_RING_BUFFER
inline_body void *reserve_room(__u64 size)
{
	return bpf_ringbuf_reserve(events_map(), size, 0);
}

inline_body void submit(void *event)
{
	bpf_ringbuf_submit(event, 0);
}

inline_body void submit_long(void *event)
{
	bpf_ringbuf_submit(event, 0);
}

inline_body void discard(void *event)
{
	bpf_ringbuf_discard(event, 0);
}

inline_body long send_process_record(void *event, __u64 size)
{
	return bpf_ringbuf_output(events_map(), event, size, 0);
}
#else
inline_body void *reserve_room(__u64 size)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(records_map(), &zero);
}

inline_body void submit(void *event)
{
	if (bpf_map_push_elem(events_map(), event, 0))
		count_loss(LOSS_RING_FULL);
}

inline_body void submit_long(void *event)
{
	if (bpf_map_push_elem(long_events_map(), event, 0))
		count_loss(LOSS_RING_FULL);
}

inline_body void discard(void *event)
{
}

inline_body long send_process_record(void *event, __u64 size)
{
	return bpf_map_push_elem(process_events_map(), event, 0);
}
#endif

/* A record of this type with its header filled in; or NULL, and the loss is counted. */
#define RESERVE(type, code, mm, kioctx) \
	((struct type *)reserve(sizeof(struct type), code, (__u64)(mm), (__u64)(kioctx)))

inline_body void *reserve(__u16 size, __u16 code, __u64 mm, __u64 kioctx)
{
	struct event_header *header = reserve_room(size);
	__u64 id = bpf_get_current_pid_tgid();

	if (!header) {
		count_loss(LOSS_RING_FULL);
		return NULL;
	}
	header->time = boot_time();
	header->kioctx = kioctx;
	header->mm = mm;
	/* A kernel without CONFIG_CGROUPS has no such helper. */
	header->cgroup = FIELD_EXISTS(task_struct, cgroups) ? bpf_get_current_cgroup_id() : 0;
	header->pid = id >> 32;
	header->tid = id;
	header->cpu = bpf_get_smp_processor_id();
	header->type = code;
	header->size = size;
	bpf_get_current_comm(header->comm, sizeof(header->comm));
	header->process_start = process_start(current_task());
	return header;
}

inline_body struct mm_struct *current_mm(void)
{
	return BPF_CORE_READ(current_task(), mm);
}

/*
 * The user registers of this task while it is in the kernel. Kernels before 5.15 have no helper for it: there they are at
 * the top of its kernel stack. If that stack is larger than usual (KASAN), other data is there, which matches none of the
 * call numbers.
 */
inline_body struct pt_regs *user_registers(struct task_struct *task)
{
	__u64 bytes;

	if (ENUMERATOR_EXISTS(bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(task);
	bytes = settings_memory()->page_bytes > THREAD_SIZE ? settings_memory()->page_bytes : THREAD_SIZE;
	return BPF_CORE_READ(task, stack) + bytes - SIZE_OF(pt_regs);
}

inline_body struct pt_regs *current_user_registers(void)
{
	return ENUMERATOR_EXISTS(bpf_func_id, BPF_FUNC_task_pt_regs) ? user_registers(bpf_get_current_task_btf())
								     : user_registers(current_task());
}

inline_body __u32 has_pending_sigkill(struct task_struct *task)
{
	unsigned long own = 0, shared = 0;

	if (FIELD_EXISTS(task_struct, pending) && FIELD_EXISTS(sigpending, signal))
		own = BPF_CORE_READ(task, pending.signal.sig[0]);
	if (FIELD_EXISTS(task_struct, signal) && FIELD_EXISTS(signal_struct, shared_pending) && FIELD_EXISTS(sigpending, signal))
		shared = BPF_CORE_READ(task, signal, shared_pending.signal.sig[0]);
	return ((own | shared) >> 8) & 1; /* SIGKILL is 9 */
}

inline_body __u64 read_number(__u64 address, __u32 size)
{
	__u64 value = 0;

	if (!address || bpf_probe_read_kernel(&value, size, (void *)address))
		return ABSENT_U64;
	return value;
}

/* static unsigned long aio_nr. The memory of a host bounds it far below ABSENT_U64. */
inline_body __u64 aio_nr(void)
{
	return read_number(settings_memory()->aio_nr, sizeof(unsigned long));
}

/* unsigned long aio_max_nr, for which every value is valid. If it cannot be read, aio_nr becomes absent as well. */
inline_body void read_quota(struct event_setup *event)
{
	__u64 address = settings_memory()->aio_max_nr, limit = 0;
	bool is_read = address && !bpf_probe_read_kernel(&limit, sizeof(unsigned long), (void *)address);

	event->aio_nr = is_read ? aio_nr() : ABSENT_U64;
	event->aio_max_nr = is_read ? limit : ABSENT_U64;
}

/* A count for a record: races can make it negative. */
inline_body __s32 clamp(__s64 count)
{
	if (count == NO_COUNT)
		return ABSENT_S32;
	return count < 0 ? 0 : (__s32)count;
}

/* The address of the per-CPU counts of a percpu_ref; 0 once it counts atomically. */
inline_body __u64 percpu_part(unsigned long count_ptr)
{
	return count_ptr & 3 ? 0 : count_ptr;
}

/* Or NO_COUNT. */
inline_body __s64 atomic_references(struct percpu_ref *ref)
{
	struct percpu_ref___v5_9 *old = (void *)ref;

	if (FIELD_EXISTS(percpu_ref, data) && FIELD_EXISTS(percpu_ref_data, count))
		return BPF_CORE_READ(ref, data, count.counter);
	if (FIELD_EXISTS(percpu_ref___v5_9, count))
		return BPF_CORE_READ(old, count.counter);
	return NO_COUNT;
}

/* A pointer as a number: the verifier allows no arithmetic on the pointer itself. */
inline_body __u64 number_of(void *pointer)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

/*
 * Writes the offset from a per-CPU pointer to the part of this CPU; not 0 on failure. A private per-CPU map shows it: its
 * pointer and its address on that CPU. Kernels before 5.18 have no helper for another CPU's address; there this reads the
 * kernel's own array, if its symbol is available.
 */
inline_body long read_cpu_offset(__u32 cpu, __u64 *offset)
{
	__u32 zero = 0;

	if (ENUMERATOR_EXISTS(bpf_func_id, BPF_FUNC_map_lookup_percpu_elem) && FIELD_EXISTS(bpf_array, pptrs)) {
		__u64 array = number_of(losses_map()), part = number_of(bpf_map_lookup_percpu_elem(losses_map(), &zero, cpu));
		__u64 base = 0;
		long failed = bpf_probe_read_kernel(&base, sizeof(base), (void *)(array + FIELD_OFFSET(bpf_array, pptrs)));

		*offset = part - base;
		return failed | !part;
	}
	/* Without the symbol this reads near address 0, which fails. */
	return bpf_probe_read_kernel(offset, sizeof(*offset), (void *)(settings_memory()->per_cpu_offset + 8 * cpu));
}

/*
 * The sum over all CPUs of a per-CPU counter of 4 or 8 bytes, or NO_COUNT if a part is unreadable. A global function: the
 * verifier checks it once and not for each of its many calls.
 */
GLOBAL_FUNCTION __s64 percpu_sum(__u64 counter, __u32 is_wide)
{
	__u32 bytes = 4 + 4 * (is_wide & 1);
	__s64 sum = 0;

	if (!counter || settings_memory()->possible_cpus > MAX_CPUS)
		return NO_COUNT;
	for (__u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		__u64 offset = 0, part = 0;

		if (cpu >= settings_memory()->possible_cpus)
			break;
		if (read_cpu_offset(cpu, &offset) | bpf_probe_read_kernel(&part, bytes, (void *)(counter + offset)))
			return NO_COUNT;
		sum += part;
	}
	return sum;
}

/* The address of the per-CPU counts of a percpu_ref of this context; 0 if it has none. */
#define PERCPU_PART(ctx, ref) \
	(FIELD_EXISTS(percpu_ref, percpu_count_ptr) ? percpu_part(BPF_CORE_READ(ctx, ref.percpu_count_ptr)) : 0)

/*
 * Outstanding requests, in two ways that must agree: a request holds one slot of the ring until its completion event is
 * written (completed_events counts the slots of completed events), and one reference on `reqs`. The sums over the CPUs are
 * not atomic: they may miss or include a request that begins or completes at that moment.
 */
inline_body __s32 outstanding_by_slots(struct kioctx *ctx)
{
	__s64 free_slots;

	if (!FIELD_EXISTS(kioctx, cpu) || !FIELD_EXISTS(kioctx, reqs_available) || !FIELD_EXISTS(kioctx, nr_events) ||
	    !FIELD_EXISTS(kioctx, completed_events) || !FIELD_EXISTS(kioctx_cpu, reqs_available))
		return ABSENT_S32;
	free_slots = percpu_sum((__u64)BPF_CORE_READ(ctx, cpu) + FIELD_OFFSET(kioctx_cpu, reqs_available), false);
	if (free_slots == NO_COUNT)
		return ABSENT_S32;
	return clamp((__s64)BPF_CORE_READ(ctx, nr_events) - 1 - BPF_CORE_READ(ctx, reqs_available.counter) -
		     free_slots - BPF_CORE_READ(ctx, completed_events));
}

inline_body __s32 outstanding_by_refs(struct kioctx *ctx)
{
	__u64 counter = PERCPU_PART(ctx, reqs);
	__s64 references;

	if (!FIELD_EXISTS(percpu_ref, percpu_count_ptr))
		return ABSENT_S32;
	if (!counter)
		return clamp(atomic_references(FIELD_ADDRESS(ctx, reqs)));
	references = percpu_sum(counter, true);
	/* The first reference is in the atomic part; a live context holds another one itself. */
	return references == NO_COUNT ? ABSENT_S32 : clamp(references - 1);
}

/* Threads inside a call on the context, while it is alive. */
inline_body __s32 count_users(struct kioctx *ctx)
{
	return clamp(percpu_sum(PERCPU_PART(ctx, users), true));
}

/*
 * The address of a page in the kernel's map of all memory, or 0. The address of another object in it, here of a context,
 * shows where the map is.
 */
#if defined(__TARGET_ARCH_x86)
inline_body __u64 address_of_page(struct page *page, struct kioctx *other)
{
	__u64 base = read_number(settings_memory()->page_offset_base, sizeof(__u64));
	__u64 vmemmap = read_number(settings_memory()->vmemmap_base, sizeof(__u64));
	__u64 struct_size = SIZE_OF(page);

	if (base == ABSENT_U64 || vmemmap == ABSENT_U64 || !struct_size)
		return 0;
	return base + ((__u64)page - vmemmap) / struct_size * settings_memory()->page_bytes;
}
#else
/*
 * The array of struct page, which no symbol of arm64 has: minus the first page frame of memory, as the kernel keeps it in each
 * section of memory. A table points to tables of sections; those without memory are absent.
 */
GLOBAL_FUNCTION __u64 find_vmemmap(__u32 section_size)
{
	__u64 tables = read_number(settings_memory()->mem_section, sizeof(__u64)), table = 0, section = 0;

	if (tables == ABSENT_U64 || !section_size)
		return 0;
	/* What cannot be read is 0: without a branch for it the verifier has half as many paths to check. */
	for (__u32 i = 0; i < MAX_SECTION_TABLES && !table; i++)
		bpf_probe_read_kernel(&table, sizeof(table), (void *)(tables + 8 * i));
	if (!table)
		return 0;
	for (__u32 i = 0; i < MAX_SECTIONS && !(section & SECTION_HAS_MEM_MAP); i++) {
		__u64 address = table + i * section_size + FIELD_OFFSET(mem_section, section_mem_map);

		bpf_probe_read_kernel(&section, sizeof(section), (void *)address);
	}
	return section & SECTION_HAS_MEM_MAP ? section & ~SECTION_FLAGS : 0;
}

inline_body __u64 address_of_page(struct page *page, struct kioctx *other)
{
	__u64 memory_begin = read_number(settings_memory()->memstart_addr, sizeof(__u64)), offset, size;
	__u64 struct_size = SIZE_OF(page);

	if (!inventory_memory()->vmemmap && FIELD_EXISTS(mem_section, section_mem_map))
		inventory_memory()->vmemmap = find_vmemmap(SIZE_OF(mem_section));
	if (!inventory_memory()->vmemmap || memory_begin == ABSENT_U64 || !struct_size)
		return 0;
	offset = ((__u64)page - inventory_memory()->vmemmap) / struct_size * settings_memory()->page_bytes - memory_begin;
	/*
	 * The map begins 2^bits bytes before the end of the address space, with the bits of the kernel's build. No symbol has
	 * them: find the nearest power of two, as all memory is in a small part of the map. The upper byte of an address can be
	 * a tag.
	 */
	size = offset - (number_of(other) | 0xffULL << 56);
	for (__u32 bits = 36; bits <= 52; bits++)
		if (size >> (bits - 2) >= 3 && size >> (bits - 2) <= 5)
			return offset - (1ULL << bits);
	return 0;
}
#endif

/*
 * The head of the ring, which the program advances as it reads. It is in the ring's first page, read here through the
 * kernel's map of all memory: the program's mapping may not be populated, and exit_aio has none. Only if that map is
 * unknown, this reads the program's mapping. What else is at the address has no ring's number of events.
 */
inline_body bool read_head(struct kioctx *ctx, bool is_own, __u32 nr_events, __u32 *head)
{
	struct kioctx___v6_12 *with_folios = (void *)ctx;
	struct page **pages, *first = NULL;
	struct aio_ring ring = {};
	__u64 address;
	long failed;

	pages = READ_OR(READ_OR(NULL, ctx, kioctx, ring_pages), with_folios, kioctx___v6_12, ring_folios);
	if (bpf_probe_read_kernel(&first, sizeof(first), pages) || !first)
		return false;
	address = address_of_page(first, ctx);
	if (address)
		failed = bpf_probe_read_kernel(&ring, sizeof(ring), (void *)address);
	else
		failed = !is_own || bpf_probe_read_user(&ring, sizeof(ring), (void *)BPF_CORE_READ(ctx, user_id));
	*head = ring.head;
	return !failed && ring.magic == AIO_RING_MAGIC && ring.nr == nr_events;
}

/* Completed requests that the program has not read. is_own: the context belongs to the current address space. */
inline_body __s32 read_unreaped(struct kioctx *ctx, bool is_own)
{
	__u32 nr_events = READ_OR(0, ctx, kioctx, nr_events), tail = READ_OR(0, ctx, kioctx, tail), head = 0;

	if (!FIELD_EXISTS(kioctx, tail) || !nr_events || !read_head(ctx, is_own, nr_events, &head))
		return ABSENT_S32;
	/* The program can write any head: keep it inside the ring. */
	head %= nr_events;
	tail %= nr_events;
	return tail >= head ? tail - head : tail + nr_events - head;
}

/* The entry of a list after a block of entries, or 0 if the list ends within it. */
GLOBAL_FUNCTION __u64 skip_entries(__u64 at, __u64 first)
{
	for (int i = 0; i < ENTRIES_PER_BLOCK; i++) {
		if (!at || at == first)
			return 0;
		at = (__u64)BPF_CORE_READ((struct list_head *)at, next);
	}
	return at;
}

/* The number of entries of a list from this one on, at most one block; ABSENT_S32 if the list is unreadable. */
GLOBAL_FUNCTION __s32 count_entries(__u64 at, __u64 first)
{
	for (__s32 count = 0; count < ENTRIES_PER_BLOCK && at; count++) {
		if (at == first)
			return count;
		at = (__u64)BPF_CORE_READ((struct list_head *)at, next);
	}
	return ABSENT_S32;
}

/* Counts in blocks: the verifier checks a loop over all entries step by step, a global function only once. */
inline_body __s32 count_cancellable(struct kioctx *ctx)
{
	__u64 head, first, at, next;

	if (!FIELD_EXISTS(kioctx, active_reqs))
		return ABSENT_S32;
	head = (__u64)FIELD_ADDRESS(ctx, active_reqs);
	/* Global functions take numbers, and no pointers whose type the verifier knows. */
	bpf_probe_read_kernel(&first, sizeof(first), &head);
	at = (__u64)BPF_CORE_READ((struct list_head *)first, next);
	for (__s32 count = 0; count < MAX_CANCELLABLE; count += ENTRIES_PER_BLOCK) {
		next = skip_entries(at, first);
		if (!next) {
			__s32 rest = count_entries(at, first);

			return rest == ABSENT_S32 ? ABSENT_S32 : count + rest;
		}
		at = next;
	}
	return at == first ? MAX_CANCELLABLE : ABSENT_S32;
}

/*
 * Whether one of these return addresses lies between the two addresses. Calculated and not compared: each branch would
 * double the paths that the verifier checks, beyond its limit of 1,000,000 instructions on 5.10.
 */
inline_body bool frames_contain(const __u64 *frames, __u64 begin, __u64 end)
{
	__u64 found = 0;

	for (int i = 0; i < KERNEL_STACK_DEPTH; i++) {
		__u64 distance = frames[i] - begin;

		/* The sign bit is set from the beginning on and before the end. */
		found |= (distance - (end - begin)) & ~distance;
	}
	return found >> 63;
}

/*
 * What called the release function of a percpu_ref: the RCU callback that ends percpu_ref_kill, or the last holder. Only
 * the callers differ, not the state of the percpu_ref.
 */
inline_body __u32 released_by(void *context)
{
	__u64 begin = settings_memory()->switch_to_atomic_rcu_begin, end = settings_memory()->switch_to_atomic_rcu_end;
	__u64 frames[KERNEL_STACK_DEPTH] = {};
	long bytes;

	if (!begin || !end)
		return RELEASED_BY_UNKNOWN;
	bytes = bpf_get_stack(context, frames, sizeof(frames), 0);
	if (bytes <= 0)
		return RELEASED_BY_UNKNOWN;
	if (frames_contain(frames, begin, end))
		return RELEASED_BY_RCU;
	/* Before 5.15 the stack ends at the trampoline of any return probe. */
	if (frames_contain(frames, settings_memory()->return_trampoline_begin, settings_memory()->return_trampoline_end))
		return RELEASED_BY_UNKNOWN;
	return RELEASED_BY_HOLDER;
}

/* The context in this slot of a table, or NULL. */
inline_body struct kioctx *context_in(struct kioctx_table *table, __u32 slot)
{
	__u64 first = (__u64)table + FIELD_OFFSET(kioctx_table, table);
	struct kioctx *ctx = NULL;

	bpf_probe_read_kernel(&ctx, sizeof(ctx), (void *)(first + slot * sizeof(ctx)));
	return ctx;
}

/*
 * The context if it has this handle, else 0: without branches, because the verifier may follow each of them for each slot.
 * The handle of a missing context reads as 0.
 */
inline_body __u64 if_has_handle(struct kioctx *ctx, __u64 handle)
{
	__u64 difference = BPF_CORE_READ(ctx, user_id) ^ handle, sign = -difference;

	/* Keeps the compiler from a comparison. */
	asm volatile("" : "+r"(sign));
	return (__u64)ctx & (((difference | sign) >> 63) - 1);
}

/* The context in one read of slots, from this one on, that has this handle, else 0. Global for the verifier, like percpu_sum. */
GLOBAL_FUNCTION __u64 search_slots(__u64 table, __u32 first, __u64 handle)
{
	__u64 address = table + FIELD_OFFSET(kioctx_table, table) + first * sizeof(struct kioctx *), found = 0;
	struct kioctx *contexts[SLOTS_PER_READ] = {};

	bpf_probe_read_kernel(contexts, sizeof(contexts), (void *)address);
	for (int i = 0; i < SLOTS_PER_READ; i++)
		found |= if_has_handle(contexts[i], handle);
	return found;
}

/* The context in this block of slots that has this handle, else 0. */
GLOBAL_FUNCTION __u64 search_block(__u64 table, __u32 first, __u32 nr, __u64 handle)
{
	__u64 ctx = 0;

	for (__u32 i = 0; i < SLOTS_PER_BLOCK && first + i < nr; i += SLOTS_PER_READ)
		ctx |= search_slots(table, first + i, handle);
	return ctx;
}

/* The context in some blocks of slots, from this slot on, that has this handle, else 0. */
GLOBAL_FUNCTION __u64 search_blocks(__u64 table, __u32 first, __u32 nr, __u64 handle)
{
	__u64 ctx = 0;

	for (__u32 block = 0; block < BLOCKS_PER_SEARCH && first < nr && !ctx; block++, first += SLOTS_PER_BLOCK)
		ctx = search_block(table, first, nr, handle);
	return ctx;
}

/*
 * The context of the current address space that has this handle, or NULL. As the kernel does, this reads the slot from the
 * ring. After io_setup the program has not touched the ring yet, and programs cannot wait for its page.
 */
inline_body struct kioctx *find_context(__u64 handle)
{
	struct kioctx_table *table = BPF_CORE_READ(current_mm(), ioctx_table);
	__u32 nr = table ? BPF_CORE_READ(table, nr) : 0, slot = 0;
	__u64 ctx = 0;

	if (!bpf_probe_read_user(&slot, sizeof(slot), &((struct aio_ring *)handle)->id) && slot < nr)
		ctx = if_has_handle(context_in(table, slot), handle);
	for (__u32 first = 0; first < MAX_SLOTS && first < nr && !ctx; first += BLOCKS_PER_SEARCH * SLOTS_PER_BLOCK)
		ctx = search_blocks((__u64)table, first, nr, handle);
	return (struct kioctx *)ctx;
}

/* What the current address space holds where this handle points (enum ring_state). */
inline_body __u32 ring_at(__u64 handle)
{
	struct aio_ring ring = {};

	if (bpf_probe_read_user(&ring, sizeof(ring), (void *)handle))
		return RING_UNREADABLE;
	return ring.magic == AIO_RING_MAGIC ? RING_PRESENT : RING_OTHER;
}

/* ---- processes ---- */

/* The id of the cgroup v2 of a task; 0 if unknown. */
inline_body __u64 cgroup_id(struct task_struct *task)
{
	struct kernfs_node *node;
	struct kernfs_node___v5_4 *old;

	if (!FIELD_EXISTS(task_struct, cgroups) || !FIELD_EXISTS(css_set, dfl_cgrp) || !FIELD_EXISTS(cgroup, kn))
		return 0;
	node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	old = (void *)node;
	return FIELD_EXISTS(kernfs_node, id)	     ? BPF_CORE_READ(node, id)
	       : FIELD_EXISTS(kernfs_node___v5_4, id) ? BPF_CORE_READ(old, id.id)
						      : 0;
}

inline_body void fill_task(struct event_header *header, struct task_struct *task, __u16 code, __u16 size)
{
	header->time = boot_time();
	header->cgroup = cgroup_id(task);
	header->pid = BPF_CORE_READ(task, tgid);
	header->tid = BPF_CORE_READ(task, pid);
	header->cpu = bpf_get_smp_processor_id();
	header->type = code;
	header->size = size;
	BPF_CORE_READ_INTO(&header->comm, task, comm);
	header->process_start = process_start(task);
}

/* The offset of a process id: its namespaces, the host's first, and its number in each. */
inline_body __u64 number_in_namespace(struct pid *pid, __u32 level)
{
	return (__u64)pid + FIELD_OFFSET(pid, numbers) + level * SIZE_OF(upid);
}

inline_body bool knows_pid_namespaces(void)
{
	return FIELD_EXISTS(task_struct, thread_pid) && FIELD_EXISTS(pid, level) && FIELD_EXISTS(pid, numbers) &&
	       FIELD_EXISTS(upid, nr) && FIELD_EXISTS(upid, ns);
}

/* The number of a thread in its own pid namespace, or ABSENT. */
inline_body __s32 namespace_number(struct task_struct *task)
{
	struct upid *number;
	struct pid *pid;

	if (!knows_pid_namespaces())
		return ABSENT_S32;
	pid = BPF_CORE_READ(task, thread_pid);
	number = (struct upid *)number_in_namespace(pid, BPF_CORE_READ(pid, level));
	return pid ? BPF_CORE_READ(number, nr) : ABSENT_S32;
}

inline_body __u8 found(bool is_known, bool is_found)
{
	return !is_known ? FOUND_NOT_READ : is_found ? FOUND_YES : FOUND_NO;
}

inline_body __u8 is_host_pid_namespace(struct task_struct *task)
{
	struct pid *pid = knows_pid_namespaces() ? BPF_CORE_READ(task, thread_pid) : NULL;

	return found(pid, pid && !BPF_CORE_READ(pid, level));
}

/* Compares with the mount namespace of the first process of the host. */
inline_body __u8 is_host_mount_namespace(struct task_struct *task)
{
	struct task_struct *first;
	struct upid *number;
	void *own, *host;

	if (!knows_pid_namespaces() || !FIELD_EXISTS(pid_namespace, child_reaper) || !FIELD_EXISTS(task_struct, nsproxy) ||
	    !FIELD_EXISTS(nsproxy, mnt_ns))
		return FOUND_NOT_READ;
	number = (struct upid *)number_in_namespace(BPF_CORE_READ(task, thread_pid), 0);
	first = BPF_CORE_READ(number, ns, child_reaper);
	own = BPF_CORE_READ(task, nsproxy, mnt_ns);
	host = BPF_CORE_READ(first, nsproxy, mnt_ns);
	return found(own && host, own == host);
}

inline_body __u8 is_host_uts_namespace(struct task_struct *task)
{
	__u32 number = 0;

	if (FIELD_EXISTS(task_struct, nsproxy) && FIELD_EXISTS(nsproxy, uts_ns) && FIELD_EXISTS(uts_namespace, ns) &&
	    FIELD_EXISTS(ns_common, inum))
		number = BPF_CORE_READ(task, nsproxy, uts_ns, ns.inum);
	return found(number, number == UTS_INIT_INO);
}

inline_body __u8 is_host_user_namespace(struct task_struct *task)
{
	__u32 number = 0;

	if (FIELD_EXISTS(task_struct, cred) && FIELD_EXISTS(cred, user_ns) && FIELD_EXISTS(user_namespace, ns) &&
	    FIELD_EXISTS(ns_common, inum))
		number = BPF_CORE_READ(task, cred, user_ns, ns.inum);
	return found(number, number == USER_INIT_INO);
}

inline_body void describe_owner(struct event_process *event, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	event->user = ABSENT_U32;
	event->group = ABSENT_U32;
	if (FIELD_EXISTS(task_struct, cred) && FIELD_EXISTS(cred, euid) && FIELD_EXISTS(cred, egid)) {
		event->user = BPF_CORE_READ(task, cred, euid).val;
		event->group = BPF_CORE_READ(task, cred, egid).val;
	}
	BPF_CORE_READ_INTO(&event->comm, leader, comm);
	event->namespace_pid = namespace_number(leader);
	event->namespace_tid = namespace_number(task);
	event->is_host_pid_namespace = is_host_pid_namespace(task);
	event->is_host_mount_namespace = is_host_mount_namespace(task);
	event->is_host_uts_namespace = is_host_uts_namespace(task);
	event->is_host_user_namespace = is_host_user_namespace(task);
}

/* The buffer of the program that runs: of the iterator, or of another one on this CPU. */
inline_body struct process_buffer *process_buffer(__u32 is_scan)
{
	__u32 zero = 0;

	return is_scan ? bpf_map_lookup_elem(scanned_process_map(), &zero) : bpf_map_lookup_elem(process_buffers_map(), &zero);
}

/* Appends a name with its zero; false if it is unreadable, or the current text has no room for the longest name. */
inline_body bool append_name(struct process_buffer *to, const void *name)
{
	__u64 at = to->bytes;
	long bytes;

	if (at + NAME_BYTES > to->end)
		return false;
	bytes = bpf_probe_read_kernel_str(&to->texts[at % TEXT_BYTES], NAME_BYTES, name);
	if (bytes <= 0)
		return false;
	to->bytes = at + bytes;
	return true;
}

/* The length of the text that began there. */
inline_body __u16 text_bytes(struct process_buffer *to, __u64 begin)
{
	return to->bytes == begin ? ABSENT_U16 : to->bytes - begin;
}

inline_body bool knows_paths(void)
{
	return FIELD_EXISTS(mm_struct, exe_file) && FIELD_EXISTS(file, f_path) && FIELD_EXISTS(path, mnt) &&
	       FIELD_EXISTS(path, dentry) && FIELD_EXISTS(dentry, d_parent) && FIELD_EXISTS(dentry, d_name) &&
	       FIELD_EXISTS(qstr, name) && FIELD_EXISTS(mount, mnt) && FIELD_EXISTS(mount, mnt_parent) &&
	       FIELD_EXISTS(mount, mnt_mountpoint) && FIELD_EXISTS(vfsmount, mnt_root) && FIELD_EXISTS(task_struct, fs) &&
	       FIELD_EXISTS(fs_struct, root);
}

/* A file system's name for a file that has no directory, such as memfd:NAME, is that of a dentry without a parent. */
inline_body bool is_deleted(struct dentry *dentry, struct dentry *mount_root)
{
	if (BPF_CORE_READ(dentry, d_parent) == dentry)
		return dentry != mount_root;
	return FIELD_EXISTS(dentry, d_hash) && FIELD_EXISTS(hlist_bl_node, pprev) && !BPF_CORE_READ(dentry, d_hash.pprev);
}

/*
 * Goes from a dentry towards the root of the process, as d_path in the kernel does; false at its end. At the root of a
 * mount it continues where that is mounted. A global function, like the other steps of loops: the verifier checks it once.
 */
GLOBAL_FUNCTION __u32 append_parent(__u32 is_scan)
{
	struct process_buffer *to = process_buffer(is_scan);
	struct dentry *dentry, *parent;
	struct mount *mount, *above;

	if (!to || !knows_paths())
		return false;
	dentry = (void *)to->node;
	parent = BPF_CORE_READ(dentry, d_parent);
	mount = (void *)to->mount;
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		above = BPF_CORE_READ(mount, mnt_parent);
		to->node = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		to->mount = (__u64)above;
		to->event.is_executable_cut = above != mount;
		return above != mount;
	}
	/* Outside of its mount; only a file without a directory has a name there. */
	if (dentry == parent && to->bytes) {
		to->event.is_executable_cut = false;
		return false;
	}
	to->event.is_executable_cut = dentry != parent;
	to->node = (__u64)parent;
	return append_name(to, BPF_CORE_READ(dentry, d_name.name)) && dentry != parent;
}

/* The path of the executable, from the root of the process. */
inline_body void append_executable(struct process_buffer *to, __u32 is_scan, struct task_struct *task, struct mm_struct *mm)
{
	struct file *file = knows_paths() ? BPF_CORE_READ(mm, exe_file) : NULL;
	struct vfsmount *mount, *root_mount;
	struct dentry *root;

	to->event.executable_bytes = ABSENT_U16;
	to->event.is_executable_deleted = false;
	to->event.is_executable_cut = false;
	if (!file || !knows_paths())
		return;
	root = BPF_CORE_READ(task, fs, root.dentry);
	root_mount = BPF_CORE_READ(task, fs, root.mnt);
	mount = BPF_CORE_READ(file, f_path.mnt);
	to->end = EXECUTABLE_BYTES;
	to->node = (__u64)BPF_CORE_READ(file, f_path.dentry);
	to->mount = (__u64)mount - FIELD_OFFSET(mount, mnt);
	to->event.is_executable_deleted = is_deleted((struct dentry *)to->node, BPF_CORE_READ(mount, mnt_root));
	for (__u32 i = 0; i < STEPS_TO_ROOT; i++) {
		if (to->node == (__u64)root && to->mount + FIELD_OFFSET(mount, mnt) == (__u64)root_mount) {
			to->event.is_executable_cut = false;
			break;
		}
		if (!append_parent(is_scan))
			break;
	}
	to->event.executable_bytes = text_bytes(to, 0);
}

inline_body bool knows_cgroups(void)
{
	return FIELD_EXISTS(task_struct, cgroups) && FIELD_EXISTS(css_set, dfl_cgrp) && FIELD_EXISTS(cgroup, kn) &&
	       FIELD_EXISTS(kernfs_node, name) &&
	       (FIELD_EXISTS(kernfs_node, __parent) || FIELD_EXISTS(kernfs_node___v6_14, parent));
}

/* Goes from a directory of cgroups towards the root; false at its end. */
GLOBAL_FUNCTION __u32 append_cgroup_parent(__u32 is_scan)
{
	struct process_buffer *to = process_buffer(is_scan);
	struct kernfs_node___v6_14 *old;
	struct kernfs_node *node;

	if (!to || !knows_cgroups())
		return false;
	node = (void *)to->node;
	old = (void *)node;
	if (!node || !append_name(to, BPF_CORE_READ(node, name)))
		return false;
	to->node = (__u64)READ_OR(READ_OR(NULL, old, kernfs_node___v6_14, parent), node, kernfs_node, __parent);
	return true;
}

/* The names from a cgroup to the root, and their length. */
inline_body __u16 append_cgroup(struct process_buffer *to, __u32 is_scan, struct cgroup *cgroup, __u8 *is_cut)
{
	__u64 begin = to->bytes;

	to->node = (__u64)BPF_CORE_READ(cgroup, kn);
	to->end = begin + CGROUP_BYTES;
	for (__u32 i = 0; i < CGROUP_NAMES; i++) {
		if (!append_cgroup_parent(is_scan))
			break;
	}
	*is_cut = to->node != 0;
	return text_bytes(to, begin);
}

/* The cgroup of this controller if it has a separate hierarchy, which is one of cgroup v1; else the other one. */
inline_body struct cgroup *v1_cgroup_or(struct cgroup *otherwise, struct css_set *groups, int controller)
{
	__u64 states = (__u64)groups + FIELD_OFFSET(css_set, subsys);
	struct cgroup_subsys_state *state = NULL;
	struct cgroup *cgroup;

	if (controller == NO_CONTROLLER)
		return otherwise;
	bpf_probe_read_kernel(&state, sizeof(state), (void *)(states + controller * sizeof(state)));
	cgroup = BPF_CORE_READ(state, cgroup);
	return cgroup && BPF_CORE_READ(cgroup, root) != BPF_CORE_READ(groups, dfl_cgrp, root) ? cgroup : otherwise;
}

inline_body void append_cgroups(struct process_buffer *to, __u32 is_scan, struct task_struct *task)
{
	struct css_set *groups = knows_cgroups() ? BPF_CORE_READ(task, cgroups) : NULL;
	struct cgroup *v1 = NULL;

	to->event.cgroup_bytes = ABSENT_U16;
	to->event.cgroup_v1_bytes = ABSENT_U16;
	to->event.is_cgroup_cut = false;
	to->event.is_cgroup_v1_cut = false;
	if (!groups || !knows_cgroups())
		return;
	to->event.cgroup_bytes = append_cgroup(to, is_scan, BPF_CORE_READ(groups, dfl_cgrp), &to->event.is_cgroup_cut);
	if (!FIELD_EXISTS(css_set, subsys) || !FIELD_EXISTS(cgroup_subsys_state, cgroup) || !FIELD_EXISTS(cgroup, root))
		return;
	v1 = v1_cgroup_or(v1, groups, ENUMERATOR_OR(NO_CONTROLLER, cgroup_subsys_id, freezer_cgrp_id));
	v1 = v1_cgroup_or(v1, groups, ENUMERATOR_OR(NO_CONTROLLER, cgroup_subsys_id, devices_cgrp_id));
	v1 = v1_cgroup_or(v1, groups, ENUMERATOR_OR(NO_CONTROLLER, cgroup_subsys_id, cpu_cgrp_id));
	v1 = v1_cgroup_or(v1, groups, ENUMERATOR_OR(NO_CONTROLLER, cgroup_subsys_id, pids_cgrp_id));
	v1 = v1_cgroup_or(v1, groups, ENUMERATOR_OR(NO_CONTROLLER, cgroup_subsys_id, memory_cgrp_id));
	if (v1)
		to->event.cgroup_v1_bytes = append_cgroup(to, is_scan, v1, &to->event.is_cgroup_v1_cut);
}

inline_body void append_node_name(struct process_buffer *to, struct task_struct *task)
{
	__u64 begin = to->bytes;
	struct uts_namespace *names;

	to->event.node_name_bytes = ABSENT_U16;
	if (!FIELD_EXISTS(task_struct, nsproxy) || !FIELD_EXISTS(nsproxy, uts_ns) || !FIELD_EXISTS(uts_namespace, name) ||
	    !FIELD_EXISTS(new_utsname, nodename))
		return;
	names = BPF_CORE_READ(task, nsproxy, uts_ns);
	to->end = begin + NAME_BYTES;
	if (names && append_name(to, FIELD_ADDRESS(names, name.nodename)))
		to->event.node_name_bytes = text_bytes(to, begin);
}

/* Appends what the program holds from there on, at most up to the next multiple of READ_BYTES: never two pages at once. */
GLOBAL_FUNCTION __u32 append_memory(__u64 end)
{
	struct process_buffer *to = process_buffer(false);
	char *text;
	__u64 bytes;

	if (!to || to->node >= end)
		return false;
	to->step = READ_BYTES - to->node % READ_BYTES;
	if (to->step > end - to->node)
		to->step = end - to->node;
	text = &to->texts[to->bytes % TEXT_BYTES];
	/* Before 5.16, the verifier forgets the limit of a number that the compiler keeps on the stack. */
	bytes = to->step;
	if (bytes > READ_BYTES || bpf_probe_read_user(text, bytes, (void *)to->node))
		return false;
	to->node += to->step;
	to->bytes += to->step;
	return true;
}

/* The arguments of the current process, as far as they are in memory: a program cannot wait for a page. */
inline_body void append_arguments(struct process_buffer *to, struct mm_struct *mm)
{
	__u64 begin = to->bytes, end;

	if (settings_memory()->hide_arguments || !FIELD_EXISTS(mm_struct, arg_start) || !FIELD_EXISTS(mm_struct, arg_end))
		return;
	to->node = BPF_CORE_READ(mm, arg_start);
	to->end = BPF_CORE_READ(mm, arg_end);
	if (!to->node || to->end < to->node)
		return;
	end = to->end - to->node > ARGUMENT_BYTES ? to->node + ARGUMENT_BYTES : to->end;
	for (__u32 i = 0; i <= ARGUMENT_BYTES / READ_BYTES; i++) {
		if (!append_memory(end))
			break;
	}
	if (to->node < to->end && to->bytes == begin)
		return;
	to->event.are_arguments_cut = to->node < to->end;
	to->event.arguments_bytes = to->bytes - begin;
}

/* All but the arguments, which only the process itself can read. */
inline_body void describe_process(struct process_buffer *to, __u32 is_scan, struct task_struct *task, struct mm_struct *mm)
{
	fill_task(&to->event.header, task, EVENT_PROCESS, 0);
	to->event.header.kioctx = 0;
	to->event.header.mm = (__u64)mm;
	__builtin_memset(to->event.reserved, 0, sizeof(to->event.reserved));
	to->event.arguments_bytes = ABSENT_U16;
	to->event.are_arguments_cut = false;
	to->bytes = 0;
	describe_owner(&to->event, task);
	append_executable(to, is_scan, task, mm);
	append_cgroups(to, is_scan, task);
	append_node_name(to, task);
}

/* Completes the record; returns its size, a multiple of 8. */
inline_body __u64 finish_process(struct process_buffer *to)
{
	__u64 bytes = to->bytes % TEXT_BYTES, size = sizeof(to->event) + (bytes + 7) / 8 * 8;

	__builtin_memset(&to->texts[bytes], 0, 8);
	to->event.header.size = size;
	return size;
}

/* Sends who the current process is, once for each program in an address space. */
inline_body void send_process(void)
{
	struct task_struct *task = current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct process_key key = {
		.mm = (__u64)mm,
		.process_start = process_start(task),
		.pid = BPF_CORE_READ(task, tgid),
		.exec_id = READ_OR(0, task, task_struct, self_exec_id),
	};
	struct process_buffer *buffer;
	__u64 present = 1;

	if (bpf_map_lookup_elem(identified_map(), &key))
		return;
	buffer = process_buffer(false);
	if (!buffer)
		return;
	describe_process(buffer, false, task, mm);
	append_arguments(buffer, mm);
	if (send_process_record(&buffer->event, finish_process(buffer)))
		count_loss(LOSS_IDENTITY);
	else
		bpf_map_update_elem(identified_map(), &key, &present, BPF_ANY);
}

/* ---- system calls ---- */

/* Sends the user stack of the call that began at this time. */
inline_body void send_stack(void *context, __u64 enter_time)
{
	struct event_stack *event;
	long bytes;

	if (!settings_memory()->stacks)
		return;
	event = RESERVE(event_stack, EVENT_STACK, current_mm(), 0);
	if (!event)
		return;
	bytes = bpf_get_stack(context, event->frames, sizeof(event->frames), USER_STACK);
	if (bytes <= 0) {
		discard(event);
		return;
	}
	event->header.time = enter_time;
	event->depth = bytes / sizeof(__u64);
	event->reserved = 0;
	submit_long(event);
}

inline_body int call_enter(void *context, __u64 kind, __u64 argument_1, __u64 argument_2)
{
	__u64 key = bpf_get_current_task();
	struct call call = {
		.enter_time = boot_time(),
		.kind = kind,
		.argument_1 = argument_1,
		.argument_2 = argument_2,
		.switches = voluntary_switches(current_task()),
	};

	if (bpf_map_update_elem(calls_map(), &key, &call, BPF_ANY))
		count_loss(LOSS_MAP_FULL);
	send_stack(context, call.enter_time);
	return 0;
}

inline_body int call_enter_regs(void *context, __u64 kind, struct pt_regs *user)
{
	__u64 argument_1 = read_number((__u64)&user->SYSCALL_ARGUMENT_1, sizeof(__u64));
	__u64 argument_2 = read_number((__u64)&user->SYSCALL_ARGUMENT_2, sizeof(__u64));

	return call_enter(context, kind, argument_1, argument_2);
}

/*
 * Removes the stored entry of the call that the current thread returns from. Without one, a filter such as seccomp refused
 * the call before its entry, or the entry was skipped: a failed call is then known by its registers; false for others.
 */
inline_body bool take_call(struct call *to, __u64 kind, long result)
{
	__u64 key = bpf_get_current_task();
	struct call *call = bpf_map_lookup_elem(calls_map(), &key);
	struct pt_regs *user;
	bool found = call && call->kind == kind;

	if (found)
		*to = *call;
	if (call)
		bpf_map_delete_elem(calls_map(), &key);
	if (found || result >= 0)
		return found;
	user = current_user_registers();
	to->enter_time = ABSENT_U64;
	to->argument_1 = read_number((__u64)&user->SYSCALL_ARGUMENT_1, sizeof(__u64));
	to->switches = ABSENT_U64;
	return true;
}

/* After io_destroy returns, its handle is invalid ... */
inline_body void remember_destroyed(__u64 handle)
{
	struct handle_key handle_key = {.mm = (__u64)current_mm(), .handle = handle};
	__u64 present = 1;

	if (settings_memory()->watch_handles)
		bpf_map_update_elem(destroyed_map(), &handle_key, &present, BPF_ANY);
}

/* ... until io_setup returns it again. */
inline_body void forget_destroyed(__u64 handle)
{
	struct handle_key handle_key = {.mm = (__u64)current_mm(), .handle = handle};

	if (settings_memory()->watch_handles)
		bpf_map_delete_elem(destroyed_map(), &handle_key);
}

inline_body int setup_exit(long result)
{
	struct kioctx *ctx = NULL;
	struct event_setup *event;
	__u64 handle = ABSENT_U64;
	struct call call = {};

	if (!take_call(&call, CALL_SETUP, result))
		return 0;
	send_process();
	if (result == 0 && !bpf_probe_read_user(&handle, sizeof(handle), (void *)call.argument_2)) {
		ctx = find_context(handle);
		forget_destroyed(handle);
	}
	event = RESERVE(event_setup, EVENT_SETUP, current_mm(), ctx);
	if (!event)
		return 0;
	event->enter_time = call.enter_time;
	event->handle = handle;
	event->result = result;
	read_quota(event);
	event->max_reqs = call.argument_1;
	event->nr_events = ctx ? (__s32)READ_OR(ABSENT_S32, ctx, kioctx, nr_events) : ABSENT_S32;
	submit(event);
	return 0;
}

/* Whether find_context searches all slots of the current address space. */
inline_body bool is_table_searched(void)
{
	struct kioctx_table *table = BPF_CORE_READ(current_mm(), ioctx_table);

	return !table || BPF_CORE_READ(table, nr) <= MAX_SLOTS;
}

inline_body int destroy_exit(long result)
{
	struct task_struct *task = current_task();
	struct event_destroy_exit *event;
	struct kioctx *found = NULL;
	struct call call = {};

	if (!take_call(&call, CALL_DESTROY, result))
		return 0;
	if (result)
		found = find_context(call.argument_1);
	event = RESERVE(event_destroy_exit, EVENT_DESTROY_EXIT, current_mm(), found);
	if (!event)
		return 0;
	event->ring = result && (found || is_table_searched()) ? ring_at(call.argument_1) : RING_NOT_READ;
	event->enter_time = call.enter_time;
	event->handle = call.argument_1;
	event->result = result;
	event->voluntary_switches = call.switches == ABSENT_U64 ? ABSENT_U64 : voluntary_switches(task) - call.switches;
	event->pending_sigkill = has_pending_sigkill(task);
	submit(event);
	/* After the submit: no record of a use may come before this one. */
	if (!result)
		remember_destroyed(call.argument_1);
	return 0;
}

SEC("fentry/" SYSCALL(io_setup))
int BPF_PROG(fentry_io_setup, struct pt_regs *regs)
{
	return UNPREEMPTED(call_enter_regs(ctx, CALL_SETUP, regs));
}

SEC("kprobe/" SYSCALL(io_setup))
int BPF_KPROBE(kprobe_io_setup, struct pt_regs *regs)
{
	return call_enter_regs(ctx, CALL_SETUP, regs);
}

SEC("fexit/" SYSCALL(io_setup))
int BPF_PROG(fexit_io_setup, struct pt_regs *regs, long result)
{
	return UNPREEMPTED(setup_exit(result));
}

SEC("kretprobe/" SYSCALL(io_setup))
int BPF_KRETPROBE(kretprobe_io_setup, long result)
{
	return setup_exit(result);
}

SEC("fentry/" SYSCALL(io_destroy))
int BPF_PROG(fentry_io_destroy, struct pt_regs *regs)
{
	return UNPREEMPTED(call_enter_regs(ctx, CALL_DESTROY, regs));
}

SEC("kprobe/" SYSCALL(io_destroy))
int BPF_KPROBE(kprobe_io_destroy, struct pt_regs *regs)
{
	return call_enter_regs(ctx, CALL_DESTROY, regs);
}

SEC("fexit/" SYSCALL(io_destroy))
int BPF_PROG(fexit_io_destroy, struct pt_regs *regs, long result)
{
	return UNPREEMPTED(destroy_exit(result));
}

SEC("kretprobe/" SYSCALL(io_destroy))
int BPF_KRETPROBE(kretprobe_io_destroy, long result)
{
	return destroy_exit(result);
}

/* ---- kill_ioctx ---- */

/* The state of a context at the moment its teardown begins. */
inline_body void fill_teardown(struct event_teardown *event, struct kioctx *ctx, __u32 trigger, __u64 handle)
{
	event->handle = handle;
	event->aio_nr = aio_nr();
	event->trigger = trigger;
	event->max_reqs = ctx ? (__s32)READ_OR(ABSENT_S32, ctx, kioctx, max_reqs) : ABSENT_S32;
	event->nr_events = ctx ? (__s32)READ_OR(ABSENT_S32, ctx, kioctx, nr_events) : ABSENT_S32;
	event->outstanding_slots = ctx ? outstanding_by_slots(ctx) : ABSENT_S32;
	event->outstanding_refs = ctx ? outstanding_by_refs(ctx) : ABSENT_S32;
	event->unreaped = ctx ? read_unreaped(ctx, trigger == TRIGGER_DESTROY) : ABSENT_S32;
	event->siblings = ctx ? count_users(ctx) : ABSENT_S32;
	event->ring = RING_NOT_READ;
}

inline_body int kill_enter(struct mm_struct *mm, struct kioctx *ctx, struct ctx_rq_wait *wait)
{
	__u64 key = bpf_get_current_task();
	__u32 trigger = !wait ? TRIGGER_ROLLBACK : BPF_CORE_READ(ctx, mmap_size) ? TRIGGER_DESTROY : TRIGGER_EXIT;
	struct kill kill = {
		.enter_time = boot_time(),
		.kioctx = (__u64)ctx,
		.mm = (__u64)mm,
		.unmap_enter_time = ABSENT_U64,
		.unmap_exit_time = ABSENT_U64,
		.unmap_result = ABSENT_S32,
		.trigger = trigger,
	};
	struct event_teardown *event;
	struct call *call;

	if (bpf_map_update_elem(kills_map(), &key, &kill, BPF_ANY))
		count_loss(LOSS_MAP_FULL);
	event = RESERVE(event_teardown, EVENT_KILL_ENTER, mm, ctx);
	if (!event)
		return 0;
	call = trigger == TRIGGER_DESTROY ? bpf_map_lookup_elem(calls_map(), &key) : NULL;
	event->call_time = call ? call->enter_time : ABSENT_U64;
	fill_teardown(event, ctx, trigger, BPF_CORE_READ(ctx, user_id));
	/* io_destroy and io_setup hold a reference themselves; exit_aio does not. */
	if (trigger != TRIGGER_EXIT && event->siblings != ABSENT_S32)
		event->siblings = clamp((__s64)event->siblings - 1);
	if (trigger == TRIGGER_DESTROY)
		event->ring = ring_at(event->handle);
	submit(event);
	return 0;
}

/* Whether the table of the address space holds the context (enum found). */
inline_body __u8 is_in_table(struct mm_struct *mm, struct kioctx *ctx)
{
	struct kioctx_table *table = BPF_CORE_READ(mm, ioctx_table);
	__u32 slot = BPF_CORE_READ(ctx, id);

	if (!table || slot >= BPF_CORE_READ(table, nr))
		return FOUND_NO;
	return context_in(table, slot) == ctx ? FOUND_YES : FOUND_NO;
}

inline_body void find_after_kill(struct event_kill_exit *event, struct kill *kill)
{
	struct kioctx *ctx = (struct kioctx *)kill->kioctx;

	event->dead = FOUND_NOT_READ;
	event->in_table = FOUND_NOT_READ;
	/* exit_aio holds no reference: the context may be freed already. */
	if (kill->trigger == TRIGGER_EXIT)
		return;
	if (FIELD_EXISTS(kioctx, dead))
		event->dead = BPF_CORE_READ(ctx, dead.counter) ? FOUND_YES : FOUND_NO;
	event->in_table = is_in_table((struct mm_struct *)kill->mm, ctx);
}

inline_body int kill_exit(int result)
{
	__u64 key = bpf_get_current_task();
	struct kill *kill = bpf_map_lookup_elem(kills_map(), &key);
	struct task_struct *task = current_task();
	struct event_kill_exit *event;

	if (!kill)
		return 0;
	event = RESERVE(event_kill_exit, EVENT_KILL_EXIT, kill->mm, kill->kioctx);
	if (event) {
		event->enter_time = kill->enter_time;
		event->result = result;
		event->aio_nr = aio_nr();
		event->unmap_enter_time = kill->unmap_enter_time;
		event->unmap_exit_time = kill->unmap_exit_time;
		event->voluntary_switches = voluntary_switches(task);
		event->unmap_result = kill->unmap_result;
		event->pending_sigkill = has_pending_sigkill(task);
		event->reserved = 0;
		find_after_kill(event, kill);
		submit(event);
	}
	bpf_map_delete_elem(kills_map(), &key);
	return 0;
}

SEC("fentry/kill_ioctx")
int BPF_PROG(fentry_kill_ioctx, struct mm_struct *mm, struct kioctx *ctx_, struct ctx_rq_wait *wait)
{
	return UNPREEMPTED(kill_enter(mm, ctx_, wait));
}

SEC("kprobe/kill_ioctx")
int BPF_KPROBE(kprobe_kill_ioctx, struct mm_struct *mm, struct kioctx *ctx_, struct ctx_rq_wait *wait)
{
	return kill_enter(mm, ctx_, wait);
}

SEC("fexit/kill_ioctx")
int BPF_PROG(fexit_kill_ioctx, struct mm_struct *mm, struct kioctx *ctx_, struct ctx_rq_wait *wait, int result)
{
	return UNPREEMPTED(kill_exit(result));
}

SEC("kretprobe/kill_ioctx")
int BPF_KRETPROBE(kretprobe_kill_ioctx, int result)
{
	return kill_exit(result);
}

/* ---- vm_munmap ---- */

inline_body int unmap_enter(void)
{
	__u64 key = bpf_get_current_task();
	struct kill *kill = bpf_map_lookup_elem(kills_map(), &key);

	if (kill)
		kill->unmap_enter_time = boot_time();
	return 0;
}

inline_body int unmap_exit(int result)
{
	__u64 key = bpf_get_current_task();
	struct kill *kill = bpf_map_lookup_elem(kills_map(), &key);

	if (kill) {
		kill->unmap_exit_time = boot_time();
		kill->unmap_result = result;
	}
	return 0;
}

SEC("fentry/vm_munmap")
int BPF_PROG(fentry_vm_munmap)
{
	return UNPREEMPTED(unmap_enter());
}

SEC("kprobe/vm_munmap")
int BPF_KPROBE(kprobe_vm_munmap)
{
	return unmap_enter();
}

SEC("fexit/vm_munmap")
int BPF_PROG(fexit_vm_munmap, unsigned long start, unsigned long length, int result)
{
	return UNPREEMPTED(unmap_exit(result));
}

SEC("kretprobe/vm_munmap")
int BPF_KRETPROBE(kretprobe_vm_munmap, int result)
{
	return unmap_exit(result);
}

/* ---- free_ioctx_users ---- */

inline_body int users_enter(void *context, void *ref)
{
	struct kioctx *ctx = ref - FIELD_OFFSET(kioctx, users);
	__u64 key = bpf_get_current_task();
	struct users users = {
		.enter_time = boot_time(),
		.kioctx = (__u64)ctx,
	};

	users.cancellable = count_cancellable(ctx);
	users.outstanding = outstanding_by_refs(ctx);
	users.released_by = released_by(context);
	if (bpf_map_update_elem(releases_map(), &key, &users, BPF_ANY))
		count_loss(LOSS_MAP_FULL);
	return 0;
}

inline_body int users_exit(void)
{
	__u64 key = bpf_get_current_task();
	struct users *users = bpf_map_lookup_elem(releases_map(), &key);
	struct event_users *event;

	if (!users)
		return 0;
	event = RESERVE(event_users, EVENT_USERS, 0, users->kioctx);
	if (event) {
		event->enter_time = users->enter_time;
		event->cancellable_before = users->cancellable;
		event->cancellable_after = count_cancellable((struct kioctx *)users->kioctx);
		event->outstanding = users->outstanding;
		event->released_by = users->released_by;
		submit(event);
	}
	bpf_map_delete_elem(releases_map(), &key);
	return 0;
}

SEC("fentry/free_ioctx_users")
int BPF_PROG(fentry_free_ioctx_users, struct percpu_ref *ref)
{
	return UNPREEMPTED(users_enter(ctx, ref));
}

SEC("kprobe/free_ioctx_users")
int BPF_KPROBE(kprobe_free_ioctx_users, struct percpu_ref *ref)
{
	return users_enter(ctx, ref);
}

SEC("fexit/free_ioctx_users")
int BPF_PROG(fexit_free_ioctx_users)
{
	return UNPREEMPTED(users_exit());
}

SEC("kretprobe/free_ioctx_users")
int BPF_KRETPROBE(kretprobe_free_ioctx_users)
{
	return users_exit();
}

/* ---- free_ioctx_reqs, free_ioctx ---- */

inline_body int reqs_enter(void *context, void *ref)
{
	__u64 ctx = (__u64)ref - FIELD_OFFSET(kioctx, reqs);
	struct event_reqs *event = RESERVE(event_reqs, EVENT_REQS, 0, ctx);

	if (!event)
		return 0;
	event->released_by = released_by(context);
	event->reserved = 0;
	submit(event);
	return 0;
}

inline_body int free_enter(void *work)
{
	__u64 ctx = (__u64)work - FIELD_OFFSET(kioctx, free_rwork) -
		    FIELD_OFFSET(rcu_work, work);
	struct event_free *event = RESERVE(event_free, EVENT_FREE, 0, ctx);

	if (event)
		submit(event);
	return 0;
}

SEC("fentry/free_ioctx_reqs")
int BPF_PROG(fentry_free_ioctx_reqs, struct percpu_ref *ref)
{
	return UNPREEMPTED(reqs_enter(ctx, ref));
}

SEC("kprobe/free_ioctx_reqs")
int BPF_KPROBE(kprobe_free_ioctx_reqs, struct percpu_ref *ref)
{
	return reqs_enter(ctx, ref);
}

SEC("fentry/free_ioctx")
int BPF_PROG(fentry_free_ioctx, struct work_struct *work)
{
	return UNPREEMPTED(free_enter(work));
}

SEC("kprobe/free_ioctx")
int BPF_KPROBE(kprobe_free_ioctx, struct work_struct *work)
{
	return free_enter(work);
}

/* ---- destroyed handles, if settings.watch_handles ---- */

inline_body __u32 use_of(__s32 number)
{
	switch (number) {
	case NR_IO_SUBMIT:
		return AIO_CALL_IO_SUBMIT;
	case NR_IO_GETEVENTS:
		return AIO_CALL_IO_GETEVENTS;
	case NR_IO_PGETEVENTS:
		return AIO_CALL_IO_PGETEVENTS;
	case NR_IO_CANCEL:
		return AIO_CALL_IO_CANCEL;
	default:
		return AIO_CALL_UNKNOWN;
	}
}

/* The call that the current thread is inside of. */
inline_body __u32 current_use(void)
{
	struct pt_regs *user = current_user_registers();

	return use_of(read_number((__u64)&user->SYSCALL_NUMBER, sizeof(user->SYSCALL_NUMBER)));
}

inline_body int use_enter(__u64 handle, __u32 call)
{
	struct handle_key handle_key = {.mm = (__u64)current_mm(), .handle = handle};
	__u64 key = bpf_get_current_task();

	if (!bpf_map_lookup_elem(destroyed_map(), &handle_key))
		return 0;
	/* The return of io_destroy reports a wrong handle itself. In another call, an entry is one whose return was skipped. */
	if (call == AIO_CALL_UNKNOWN && bpf_map_lookup_elem(calls_map(), &key))
		return 0;
	if (bpf_map_update_elem(uses_map(), &key, &handle, BPF_ANY))
		count_loss(LOSS_MAP_FULL);
	return 0;
}

/* Removes and returns the destroyed handle that the current thread tried, or 0. */
inline_body __u64 take_use(void)
{
	__u64 key = bpf_get_current_task();
	__u64 *use = bpf_map_lookup_elem(uses_map(), &key);
	__u64 handle = use ? *use : 0;

	if (use)
		bpf_map_delete_elem(uses_map(), &key);
	return handle;
}

/* found: the context that has the handle. If it is alive, it got the handle later, from io_setup or by mremap. */
inline_body int use_exit(__u64 handle, struct kioctx *found, long result, __u32 call)
{
	struct event_use *event;

	if (found && FIELD_EXISTS(kioctx, dead) && !BPF_CORE_READ(found, dead.counter)) {
		forget_destroyed(handle);
		return 0;
	}
	event = RESERVE(event_use, EVENT_USE, current_mm(), found);
	if (!event)
		return 0;
	event->handle = handle;
	event->result = result;
	event->call = call;
	event->reserved = 0;
	submit(event);
	return 0;
}

inline_body int lookup_exit(struct kioctx *found)
{
	__u64 handle = take_use();

	return handle ? use_exit(handle, found, found ? 0 : -EINVAL, current_use()) : 0;
}

SEC("fentry/lookup_ioctx")
int BPF_PROG(fentry_lookup_ioctx, unsigned long handle)
{
	return UNPREEMPTED(use_enter(handle, current_use()));
}

SEC("kprobe/lookup_ioctx")
int BPF_KPROBE(kprobe_lookup_ioctx, unsigned long handle)
{
	return use_enter(handle, current_use());
}

SEC("fexit/lookup_ioctx")
int BPF_PROG(fexit_lookup_ioctx, unsigned long handle, struct kioctx *found)
{
	return UNPREEMPTED(lookup_exit(found));
}

SEC("kretprobe/lookup_ioctx")
int BPF_KRETPROBE(kretprobe_lookup_ioctx, struct kioctx *found)
{
	return lookup_exit(found);
}

/* One for the entry and one for the return of each call that takes a handle. */
SEC("tracepoint/syscalls/sys_enter_io_submit")
int tracepoint_enter_use(struct trace_sys_enter *ctx)
{
	return use_enter(ctx->args[0], use_of(ctx->number));
}

SEC("tracepoint/syscalls/sys_exit_io_submit")
int tracepoint_exit_use(struct trace_sys_exit *ctx)
{
	__u64 handle = take_use();

	return handle ? use_exit(handle, find_context(handle), ctx->result, use_of(ctx->number)) : 0;
}

/* ---- tier syscall ---- */

SEC("tracepoint/syscalls/sys_enter_io_setup")
int tracepoint_enter_io_setup(struct trace_sys_enter *ctx)
{
	return call_enter(ctx, CALL_SETUP, ctx->args[0], ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_io_setup")
int tracepoint_exit_io_setup(struct trace_sys_exit *ctx)
{
	return setup_exit(ctx->result);
}

SEC("tracepoint/syscalls/sys_enter_io_destroy")
int tracepoint_enter_io_destroy(struct trace_sys_enter *ctx)
{
	__u64 handle = ctx->args[0];
	struct kioctx *found = find_context(handle);
	struct event_teardown *event;

	call_enter(ctx, CALL_DESTROY, handle, 0);
	event = RESERVE(event_teardown, EVENT_DESTROY_ENTER, current_mm(), found);
	if (!event)
		return 0;
	event->call_time = event->header.time;
	fill_teardown(event, found, TRIGGER_DESTROY, handle);
	submit(event);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_io_destroy")
int tracepoint_exit_io_destroy(struct trace_sys_exit *ctx)
{
	return destroy_exit(ctx->result);
}

/* ---- inventory ---- */

/*
 * Fills in the fields of the inventory's record that describe the context; false if this slot has none. A global function:
 * the verifier checks it once and not for each slot.
 */
GLOBAL_FUNCTION __u32 describe_context(__u64 table, __u32 slot)
{
	struct kioctx *ctx = context_in((struct kioctx_table *)table, slot);
	__u64 handle = ctx ? BPF_CORE_READ(ctx, user_id) : 0;

	/* exit_aio frees the table without waiting for RCU: skip what is no longer a context. */
	if (!ctx || BPF_CORE_READ(ctx, id) != slot || handle % settings_memory()->page_bytes)
		return false;
	inventory_memory()->context.header.kioctx = (__u64)ctx;
	inventory_memory()->context.handle = handle;
	inventory_memory()->context.max_reqs = READ_OR(ABSENT_S32, ctx, kioctx, max_reqs);
	inventory_memory()->context.nr_events = READ_OR(ABSENT_S32, ctx, kioctx, nr_events);
	inventory_memory()->context.outstanding_slots = outstanding_by_slots(ctx);
	inventory_memory()->context.outstanding_refs = outstanding_by_refs(ctx);
	inventory_memory()->context.unreaped = read_unreaped(ctx, false);
	inventory_memory()->context.slot = slot;
	return true;
}

inline_body void live_contexts(struct seq_file *seq, struct task_struct *task, struct mm_struct *mm)
{
	struct kioctx_table *table = BPF_CORE_READ(mm, ioctx_table);
	__u32 nr = table ? BPF_CORE_READ(table, nr) : 0;

	if (!nr)
		return;
	if (nr > inventory_memory()->first_slot + SLOTS_PER_RUN)
		inventory_memory()->next_slot = inventory_memory()->first_slot + SLOTS_PER_RUN;
	fill_task(&inventory_memory()->context.header, task, EVENT_LIVE_CONTEXT, sizeof(inventory_memory()->context));
	inventory_memory()->context.header.mm = (__u64)mm;
	for (__u32 i = 0; i < SLOTS_PER_RUN; i++) {
		__u32 slot = inventory_memory()->first_slot + i;

		if (slot >= nr)
			break;
		if (describe_context((__u64)table, slot))
			bpf_seq_write(seq, &inventory_memory()->context, sizeof(inventory_memory()->context));
	}
}

/* The address space of a user task; NULL for kernel threads, which can borrow one. */
inline_body struct mm_struct *own_mm(struct task_struct *task)
{
	return BPF_CORE_READ(task, flags) & PF_KTHREAD ? NULL : BPF_CORE_READ(task, mm);
}

inline_body __u32 task_state(struct task_struct *task)
{
	struct task_struct___v5_13 *old = (void *)task;

	return FIELD_EXISTS(task_struct, __state) ? BPF_CORE_READ(task, __state) : BPF_CORE_READ(old, state);
}

/* Whether this thread is in a 32-bit system call: these have other numbers. */
inline_body bool is_in_32_bit_call(struct task_struct *task, struct pt_regs *user)
{
#if defined(__TARGET_ARCH_x86)
	return FIELD_EXISTS(thread_info, status) && (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT);
#else
	return read_number((__u64)&user->pstate, sizeof(user->pstate)) & PSTATE_32_BIT;
#endif
}

/* The handle of the io_destroy that this thread is inside of, or ABSENT. */
inline_body __u64 handle_in_io_destroy(struct task_struct *task)
{
	struct pt_regs *user;

	if (!own_mm(task))
		return ABSENT_U64;
	user = user_registers(task);
	if (is_in_32_bit_call(task, user) ||
	    read_number((__u64)&user->SYSCALL_NUMBER, sizeof(user->SYSCALL_NUMBER)) != NR_IO_DESTROY)
		return ABSENT_U64;
	return read_number((__u64)&user->SYSCALL_ARGUMENT_1, sizeof(__u64));
}

inline_body bool is_in_exit_aio(const __u64 *frames)
{
	return settings_memory()->exit_aio_begin &&
	       frames_contain(frames, settings_memory()->exit_aio_begin, settings_memory()->exit_aio_end);
}

/* Reports a thread that waits in a teardown: its context is no longer in any table. */
inline_body void task_in_teardown(struct seq_file *seq, struct task_struct *task)
{
	struct event_task_in_teardown event = {};
	__u32 state = task_state(task);
	long bytes;

	if (!(state & TASK_UNINTERRUPTIBLE))
		return;
	bytes = bpf_get_task_stack(task, event.frames, sizeof(event.frames), 0);
	event.depth = bytes > 0 ? bytes / sizeof(__u64) : 0;
	event.handle = handle_in_io_destroy(task);
	if (event.handle != ABSENT_U64)
		event.trigger = TRIGGER_DESTROY;
	else if (is_in_exit_aio(event.frames))
		event.trigger = TRIGGER_EXIT;
	else
		return;
	fill_task(&event.header, task, EVENT_TASK_IN_TEARDOWN, sizeof(event));
	event.header.mm = (__u64)own_mm(task);
	event.state = state;
	event.pending_sigkill = has_pending_sigkill(task);
	bpf_seq_write(seq, &event, sizeof(event));
}

/* One thread per process suffices, but a leader that has exited has no address space. */
inline_body struct mm_struct *scanned_mm(struct task_struct *task)
{
	struct mm_struct *mm = own_mm(task);

	return BPF_CORE_READ(task, pid) == BPF_CORE_READ(task, tgid) || !BPF_CORE_READ(task, group_leader, mm) ? mm : NULL;
}

SEC("iter/task")
int iter_contexts(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct mm_struct *mm;

	if (!task)
		return 0;
	mm = scanned_mm(task);
	if (mm)
		live_contexts(ctx->meta->seq, task, mm);
	return 0;
}

/* Whether a table has a context. Of a long one it does not read all slots. */
inline_body bool has_context(struct kioctx_table *table)
{
	for (__u32 slot = 0; slot < SLOTS_PER_RUN; slot++) {
		/* Read again: else the compiler counts down from it, a limit that the verifier does not know. */
		if (!table || slot >= BPF_CORE_READ(table, nr))
			return false;
		if (context_in(table, slot))
			return true;
	}
	return true;
}

/* Whether this thread waits in io_destroy; false on a kernel without the fields that show it. */
inline_body bool is_waiting_in_io_destroy(struct task_struct *task)
{
	if (!FIELD_EXISTS(task_struct, thread_info) ||
	    (!FIELD_EXISTS(task_struct, __state) && !FIELD_EXISTS(task_struct___v5_13, state)))
		return false;
	return (task_state(task) & TASK_UNINTERRUPTIBLE) && handle_in_io_destroy(task) != ABSENT_U64;
}

/* Who each process is that has a context, or a thread that waits in io_destroy: its context is no longer in any table. */
SEC("iter/task")
int iter_processes(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct process_buffer *buffer;
	struct mm_struct *mm;

	if (!task)
		return 0;
	mm = scanned_mm(task);
	if (!mm || !has_context(BPF_CORE_READ(mm, ioctx_table))) {
		if (!is_waiting_in_io_destroy(task))
			return 0;
		mm = own_mm(task);
	}
	buffer = process_buffer(true);
	if (!buffer)
		return 0;
	describe_process(buffer, true, task, mm);
	bpf_seq_write(ctx->meta->seq, &buffer->event, finish_process(buffer));
	return 0;
}

SEC("iter/task")
int iter_teardowns(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		task_in_teardown(ctx->meta->seq, task);
	return 0;
}

/* ---- completions ---- */

/* Attached only while a teardown is stuck: these are on the path of every request. */

inline_body bool is_waited_for(struct aio_kiocb *iocb)
{
	__u64 kioctx = (__u64)BPF_CORE_READ(iocb, ki_ctx);

	return bpf_map_lookup_elem(followed_map(), &kioctx);
}

inline_body __u32 read_or_write(struct aio_kiocb *iocb)
{
	int write = IOCB_WRITE | IOCB_WRITE_BEFORE_5_10;

	return BPF_CORE_READ(iocb, rw.ki_flags) & write ? OPERATION_WRITE : OPERATION_READ;
}

inline_body __u32 which_fsync(struct aio_kiocb *iocb)
{
	return BPF_CORE_READ(iocb, fsync.datasync) ? OPERATION_FDSYNC : OPERATION_FSYNC;
}

inline_body __u32 operation_of(struct aio_kiocb *iocb)
{
	if (!settings_memory()->aio_complete_rw || !settings_memory()->aio_fsync_work)
		return OPERATION_UNKNOWN;
	if ((__u64)BPF_CORE_READ(iocb, rw.ki_complete) == settings_memory()->aio_complete_rw)
		return read_or_write(iocb);
	if ((__u64)BPF_CORE_READ(iocb, fsync.work.func) == settings_memory()->aio_fsync_work)
		return which_fsync(iocb);
	return OPERATION_POLL;
}

inline_body void name_file(struct event_straggler *event, struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	__u32 depth = 0;

	for (__u32 i = 0; i < PATH_NAMES && dentry; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		bpf_probe_read_kernel_str(&event->names[i * NAME_LEN], NAME_LEN, BPF_CORE_READ(dentry, d_name.name));
		depth = i + 1;
		dentry = parent == dentry ? NULL : parent;
	}
	event->depth = depth;
}

inline_body int send_straggler(struct aio_kiocb *iocb, __u32 operation, __s64 result)
{
	struct file *file = BPF_CORE_READ(iocb, ki_filp);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct event_straggler *event = RESERVE(event_straggler, EVENT_STRAGGLER, 0, BPF_CORE_READ(iocb, ki_ctx));

	if (!event)
		return 0;
	event->inode = BPF_CORE_READ(inode, i_ino);
	event->magic = BPF_CORE_READ(inode, i_sb, s_magic);
	event->result = result;
	event->operation = operation;
	/* The kernel has already advanced the position. */
	event->offset = operation == OPERATION_READ || operation == OPERATION_WRITE
				? BPF_CORE_READ(iocb, rw.ki_pos) - (result > 0 ? result : 0)
				: ABSENT_U64;
	event->device = (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFBLK ? BPF_CORE_READ(inode, i_rdev)
									      : BPF_CORE_READ(inode, i_sb, s_dev);
	event->reserved = 0;
	name_file(event, file);
	submit_long(event);
	return 0;
}

inline_body int complete_enter(struct aio_kiocb *iocb)
{
	return is_waited_for(iocb) ? send_straggler(iocb, operation_of(iocb), BPF_CORE_READ(iocb, ki_res.res)) : 0;
}

SEC("fentry/aio_complete")
int BPF_PROG(fentry_aio_complete, struct aio_kiocb *iocb)
{
	return UNPREEMPTED(complete_enter(iocb));
}

SEC("kprobe/aio_complete")
int BPF_KPROBE(kprobe_aio_complete, struct aio_kiocb *iocb)
{
	return complete_enter(iocb);
}

/*
 * If the compiler inlined aio_complete into its callers, two other functions see the same completions. All reads and writes
 * pass aio_complete_rw.
 */
inline_body int complete_rw_enter(struct kiocb *kiocb, long result)
{
	struct aio_kiocb *iocb = (void *)kiocb - FIELD_OFFSET(aio_kiocb, rw);

	return is_waited_for(iocb) ? send_straggler(iocb, read_or_write(iocb), result) : 0;
}

SEC("fentry/aio_complete_rw")
int BPF_PROG(fentry_aio_complete_rw, struct kiocb *kiocb, long result)
{
	return UNPREEMPTED(complete_rw_enter(kiocb, result));
}

SEC("kprobe/aio_complete_rw")
int BPF_KPROBE(kprobe_aio_complete_rw, struct kiocb *kiocb, long result)
{
	return complete_rw_enter(kiocb, result);
}

/* The worker of a workqueue that this thread is, or NULL. */
inline_body struct worker *current_worker(void)
{
	struct task_struct *task = current_task();
	struct task_struct___v5_16 *old = (void *)task;
	struct kthread *kthread;

	if (!(BPF_CORE_READ(task, flags) & PF_WQ_WORKER))
		return NULL;
	if (FIELD_EXISTS(task_struct, worker_private))
		kthread = BPF_CORE_READ(task, worker_private);
	else
		kthread = BPF_CORE_READ(old, set_child_tid);
	return BPF_CORE_READ(kthread, data);
}

/*
 * A worker completes an fsync or a poll. It entered that work long before the probe was attached, so no entry probe sees
 * it. Its last step is to release the request's file. An interrupt can release the same file, but then the request still
 * has references.
 */
inline_body int fput_enter(struct file *file)
{
	struct worker *worker = current_worker();
	__u64 function = worker ? (__u64)BPF_CORE_READ(worker, current_func) : 0;
	void *work = worker ? BPF_CORE_READ(worker, current_work) : NULL;
	struct aio_kiocb *iocb;
	bool is_fsync;

	if (!function || !work)
		return 0;
	is_fsync = function == settings_memory()->aio_fsync_work;
	if (is_fsync)
		iocb = work - FIELD_OFFSET(aio_kiocb, fsync) - FIELD_OFFSET(fsync_iocb, work);
	else if (function == settings_memory()->aio_poll_complete_work || function == settings_memory()->aio_poll_put_work)
		iocb = work - FIELD_OFFSET(aio_kiocb, poll) - FIELD_OFFSET(poll_iocb, work);
	else
		return 0;
	if (BPF_CORE_READ(iocb, ki_filp) != file || BPF_CORE_READ(iocb, ki_refcnt.refs.counter) || !is_waited_for(iocb))
		return 0;
	return send_straggler(iocb, is_fsync ? which_fsync(iocb) : OPERATION_POLL, BPF_CORE_READ(iocb, ki_res.res));
}

SEC("fentry/fput")
int BPF_PROG(fentry_fput, struct file *file)
{
	return UNPREEMPTED(fput_enter(file));
}

SEC("kprobe/fput")
int BPF_KPROBE(kprobe_fput, struct file *file)
{
	return fput_enter(file);
}

/* ---- what a teardown waits for ---- */

#define PERCPU_COUNT_BIAS (1ULL << 63)

/*
 * References on a dying percpu_ref, without the one that the end of its grace period drops. Until then both of its parts
 * count them.
 */
inline_body __s32 dying_references(struct percpu_ref *ref)
{
	unsigned long count_ptr = BPF_CORE_READ(ref, percpu_count_ptr);
	__s64 sum, atomic = atomic_references(ref);

	if (count_ptr == 3)
		return clamp(atomic);
	sum = percpu_sum(count_ptr & ~3UL, true);
	return sum == NO_COUNT || atomic == NO_COUNT ? ABSENT_S32 : clamp(sum + atomic - PERCPU_COUNT_BIAS - 1);
}

/*
 * The kernel sets the two low bits of percpu_count_ptr when the percpu_ref dies, and clears the rest when its grace period
 * ends. The memory of a freed context is readable but useless: not marked dead, with another handle, or with references
 * without data. User space drops this record if the context may be free by the end of the scan.
 */
inline_body void describe_teardown(struct event_teardown_state *event, struct kioctx *ctx, __u64 handle)
{
	unsigned long users, reqs;

	event->siblings = ABSENT_S32;
	event->requests = ABSENT_S32;
	if (!FIELD_EXISTS(kioctx, dead) || !FIELD_EXISTS(percpu_ref, percpu_count_ptr))
		return;
	users = BPF_CORE_READ(ctx, users.percpu_count_ptr);
	reqs = BPF_CORE_READ(ctx, reqs.percpu_count_ptr);
	if (!BPF_CORE_READ(ctx, dead.counter) || BPF_CORE_READ(ctx, user_id) != handle)
		return;
	if (FIELD_EXISTS(percpu_ref, data) && !BPF_CORE_READ(ctx, reqs.data))
		return;
	event->requests = reqs & 3 ? dying_references(FIELD_ADDRESS(ctx, reqs)) : outstanding_by_refs(ctx);
	if (users != 3) {
		event->wait_reason = users & 3 ? WAIT_REASON_GRACE : WAIT_REASON_MMAP_LOCK;
		return;
	}
	event->siblings = clamp(atomic_references(FIELD_ADDRESS(ctx, users)));
	if (event->siblings > 0)
		event->wait_reason = WAIT_REASON_SIBLINGS;
	else if (reqs != 3)
		event->wait_reason = WAIT_REASON_GRACE;
	else
		event->wait_reason = event->requests > 0 ? WAIT_REASON_REQUESTS : WAIT_REASON_WAKE;
}

SEC("iter/bpf_map_elem")
int iter_followed(struct bpf_iter__bpf_map_elem *ctx)
{
	struct event_teardown_state event = {};
	__u64 *key = ctx->key, *handle, kioctx;

	if (!key)
		return 0;
	kioctx = *key;
	handle = bpf_map_lookup_elem(followed_map(), &kioctx);
	if (!handle)
		return 0;
	event.header.time = boot_time();
	event.header.kioctx = kioctx;
	event.header.type = EVENT_TEARDOWN_STATE;
	event.header.size = sizeof(event);
	describe_teardown(&event, (struct kioctx *)kioctx, *handle);
	bpf_seq_write(ctx->meta->seq, &event, sizeof(event));
	return 0;
}
