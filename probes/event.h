/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The records that the probes send to user space. Java reads them by the offsets in dev.aioscope.event.EventLayout; a test
 * compiles this header and compares the two.
 *
 * All numbers are in the byte order of the host. Times are CLOCK_BOOTTIME in ns, so that suspend does not shift them
 * against the wall clock. A value that a probe could not read is ABSENT, never zero.
 */
#ifndef AIOSCOPE_EVENT_H
#define AIOSCOPE_EVENT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define ABSENT_U16 ((__u16)0xffff)
#define ABSENT_S32 ((__s32)0x80000000)
#define ABSENT_U32 (~0U)
#define ABSENT_U64 (~0ULL)

#define COMM_LEN 16
#define STACK_DEPTH 32
#define KERNEL_STACK_DEPTH 16
#define PATH_NAMES 8
#define NAME_LEN 48
#define NAMES_LEN (PATH_NAMES * NAME_LEN)

enum event_type {
	EVENT_SETUP = 1,          /* io_setup returned */
	EVENT_DESTROY_ENTER = 2,  /* io_destroy was entered (tier syscall only) */
	EVENT_DESTROY_EXIT = 3,   /* io_destroy returned */
	EVENT_KILL_ENTER = 4,     /* kill_ioctx was entered: a teardown begins */
	EVENT_KILL_EXIT = 5,      /* kill_ioctx returned: the wait begins */
	EVENT_USERS = 6,          /* free_ioctx_users ran: no thread is inside a call on the context */
	EVENT_REQS = 7,           /* free_ioctx_reqs was entered: all requests have completed, the waiter wakes */
	EVENT_FREE = 8,           /* free_ioctx was entered: the kernel frees the context */
	EVENT_STACK = 9,          /* user stack of io_setup or io_destroy; comes before all other records of that call */
	EVENT_USE = 10,           /* another io_ call got a destroyed handle; only if settings.watch_handles */
	EVENT_STRAGGLER = 11,     /* a request of a followed context completed */
	EVENT_PROCESS = 12,       /* who a process is: before its first EVENT_SETUP, and in a scan of the processes */
	EVENT_LIVE_CONTEXT = 16,  /* inventory: one context in the table of an address space */
	EVENT_TASK_IN_TEARDOWN = 17, /* inventory: one thread that waits in io_destroy or exit_aio */
	EVENT_TEARDOWN_STATE = 18, /* inventory: one followed context in teardown */
};

/* Why a context ends (kill_ioctx has these three callers). */
enum trigger {
	TRIGGER_DESTROY = 1,  /* io_destroy */
	TRIGGER_EXIT = 2,     /* exit_aio: the address space ends, by exit or by exec */
	TRIGGER_ROLLBACK = 3, /* io_setup could not copy the handle out */
};

/* Who dropped the last reference of a percpu_ref. */
enum released_by {
	RELEASED_BY_UNKNOWN = 0,
	RELEASED_BY_RCU = 1,    /* the grace period after percpu_ref_kill: there were no other references */
	RELEASED_BY_HOLDER = 2, /* a request that completed, or a thread that left an AIO call */
};

/* The calls besides io_destroy that take a handle. */
enum aio_call {
	AIO_CALL_UNKNOWN = 0,
	AIO_CALL_IO_SUBMIT = 1,
	AIO_CALL_IO_GETEVENTS = 2,
	AIO_CALL_IO_PGETEVENTS = 3,
	AIO_CALL_IO_CANCEL = 4,
};

/* What the memory of the caller holds where a handle points. */
enum ring_state {
	RING_NOT_READ = 0,
	RING_UNREADABLE = 1, /* nothing is mapped there */
	RING_OTHER = 2,      /* memory that does not begin as a ring does */
	RING_PRESENT = 3,
};

/* What the teardown of a context waits for at the moment of a scan. */
enum wait_reason {
	WAIT_REASON_UNKNOWN = 0,   /* the memory does not hold this context, or no longer */
	WAIT_REASON_MMAP_LOCK = 1, /* kill_ioctx still runs: it unmaps the ring */
	WAIT_REASON_GRACE = 2,     /* an RCU grace period */
	WAIT_REASON_SIBLINGS = 3,  /* threads inside an AIO call on the context */
	WAIT_REASON_REQUESTS = 4,  /* outstanding requests */
	WAIT_REASON_WAKE = 5,      /* all requests have completed */
};

/* What a request does. */
enum operation {
	OPERATION_UNKNOWN = 0, /* the kernel hides its symbols */
	OPERATION_READ = 1,
	OPERATION_WRITE = 2,
	OPERATION_FSYNC = 3,
	OPERATION_FDSYNC = 4,
	OPERATION_POLL = 5,
};

/* What a probe found. */
enum found {
	FOUND_NOT_READ = 0,
	FOUND_NO = 1,
	FOUND_YES = 2,
};

/* Why a record or a part of it is lost: index into the map `losses`. */
enum loss {
	LOSS_RING_FULL = 0, /* no room in the ring buffer: the record is lost */
	LOSS_MAP_FULL = 1,  /* no room to store a call's entry: no record for its return */
	LOSS_IDENTITY = 2,  /* no room in the ring buffer for an EVENT_PROCESS: the next io_setup of the process tries again */
	LOSS_REASONS = 3,
};

/*
 * In the callbacks (EVENT_USERS, EVENT_REQS, EVENT_FREE) pid, tid, comm, cgroup and process_start belong to the interrupted
 * task: only the kioctx pointer identifies the context. In inventory records they belong to the task found.
 */
struct event_header {
	__u64 time;
	__u64 kioctx; /* address of the struct kioctx; 0: unknown */
	__u64 mm;     /* address of the struct mm_struct; 0: unknown */
	__u64 cgroup; /* id of the cgroup v2 */
	__u32 pid;
	__u32 tid;
	__u32 cpu;
	__u16 type; /* enum event_type */
	__u16 size; /* of the whole record, bytes */
	char comm[COMM_LEN];
	__u64 process_start; /* start of the process (pid): distinguishes it from another one with the same pid */
};

struct event_setup {
	struct event_header header;
	__u64 enter_time;
	__u64 handle; /* ABSENT when the call failed */
	__s64 result;
	__u64 aio_nr;
	__u64 aio_max_nr; /* 2^64 - 1 is a usual limit: ABSENT only if aio_nr is ABSENT too */
	__u32 max_reqs;  /* argument of io_setup: the charge */
	__s32 nr_events; /* slots in the ring */
};

/* EVENT_KILL_ENTER and EVENT_DESTROY_ENTER. */
struct event_teardown {
	struct event_header header;
	__u64 call_time; /* entry of io_destroy; ABSENT outside of it */
	__u64 handle;
	__u64 aio_nr;
	__u32 trigger; /* enum trigger */
	__s32 max_reqs;
	__s32 nr_events;
	__s32 outstanding_slots; /* outstanding requests, from the ring's free slots */
	__s32 outstanding_refs;  /* the same, from the references on `reqs` */
	__s32 unreaped;
	__s32 siblings; /* other threads inside an AIO call on this context */
	__u32 ring;     /* enum ring_state: at the handle, before the kernel unmaps it; EVENT_KILL_ENTER of io_destroy only */
};

struct event_kill_exit {
	struct event_header header;
	__u64 enter_time;
	__s64 result;
	__u64 aio_nr;
	__u64 unmap_enter_time; /* vm_munmap inside kill_ioctx; ABSENT when it was not called */
	__u64 unmap_exit_time;
	__u64 voluntary_switches; /* of the task, since its start */
	__s32 unmap_result;
	__u8 pending_sigkill; /* 0 or 1 */
	__u8 dead;            /* enum found: whether the context is marked dead; not read in exit_aio, which may have freed it */
	__u8 in_table;        /* enum found: whether the table of the address space still holds it; likewise */
	__u8 reserved;
};

struct event_users {
	struct event_header header; /* time: of the return */
	__u64 enter_time;
	__s32 cancellable_before; /* requests with a ki_cancel */
	__s32 cancellable_after;
	__s32 outstanding; /* outstanding requests at its entry */
	__u32 released_by; /* enum released_by: the last reference on `users` */
};

struct event_reqs {
	struct event_header header;
	__u32 released_by; /* enum released_by: the last reference on `reqs` */
	__u32 reserved;
};

struct event_free {
	struct event_header header;
};

struct event_destroy_exit {
	struct event_header header; /* kioctx: of a failed call, the context that the table has for its handle */
	__u64 enter_time;
	__u64 handle;
	__s64 result;
	__u64 voluntary_switches; /* during the call */
	__u32 pending_sigkill;    /* 0 or 1 */
	__u32 ring; /* enum ring_state: at the handle of a failed call; RING_NOT_READ also if the table is too long to search */
};

/* In its header pid, tid, comm, cgroup and process_start belong to the interrupted task. */
struct event_straggler {
	struct event_header header;
	__u64 inode;
	__u64 magic;     /* of the file system */
	__u64 offset;    /* start position in the file; ABSENT except for reads and writes */
	__s64 result;    /* bytes, or a negative errno */
	__u32 operation; /* enum operation */
	__u32 device;    /* major << 20 | minor: of the block device itself, else of the file system */
	__u32 depth;     /* number of names */
	__u32 reserved;
	char names[NAMES_LEN]; /* of the file and its parent directories, up to the root of its file system */
};

/* The user stack of a call, if settings.stacks. The time in the header equals that of the call's entry. */
struct event_stack {
	struct event_header header;
	__u32 depth;
	__u32 reserved;
	__u64 frames[STACK_DEPTH]; /* return addresses, the innermost first */
};

/* A call with a handle that io_destroy made invalid before the call looked it up. */
struct event_use {
	struct event_header header; /* kioctx: the dead context that the call still got; 0: none */
	__u64 handle;
	__s64 result; /* of the call; in tier full of the lookup: -EINVAL if it found nothing, which the caller gets too */
	__u32 call;   /* enum aio_call */
	__u32 reserved;
};

/*
 * Who a process is. The texts follow one after the other: executable, cgroup, cgroup_v1, node_name, arguments, then zeros up
 * to a multiple of 8 bytes. A length is ABSENT if the text could not be read. Paths are names that each end with a zero, the
 * innermost first.
 */
struct event_process {
	struct event_header header;
	__s32 namespace_pid; /* in the pid namespace of the process itself */
	__s32 namespace_tid;
	__u32 user;  /* effective, as the host numbers users; ABSENT_U32 */
	__u32 group; /* likewise */
	char comm[COMM_LEN]; /* of the main thread */
	__u8 is_host_pid_namespace; /* enum found */
	__u8 is_host_mount_namespace; /* enum found: whether it is that of the host's first process */
	__u8 is_host_uts_namespace;   /* enum found */
	__u8 is_host_user_namespace;  /* enum found */
	__u8 is_executable_deleted;   /* 0 or 1 */
	__u8 is_executable_cut; /* 0 or 1: the outermost names are missing */
	__u8 is_cgroup_cut;     /* likewise */
	__u8 is_cgroup_v1_cut;  /* likewise */
	__u16 executable_bytes; /* from the root of the process */
	__u16 cgroup_bytes;     /* v2; its last name is that of the root, which is empty */
	__u16 cgroup_v1_bytes;  /* in the hierarchy of a controller that container runtimes use; likewise */
	__u16 node_name_bytes;  /* the UTS node name and a zero */
	__u16 arguments_bytes;  /* each argument ends with a zero */
	__u8 are_arguments_cut; /* 0 or 1 */
	__u8 reserved[5];
};

struct event_live_context {
	struct event_header header;
	__u64 handle;
	__s32 max_reqs;
	__s32 nr_events;
	__s32 outstanding_slots;
	__s32 outstanding_refs;
	__s32 unreaped;
	__u32 slot; /* in the table of the address space */
};

struct event_task_in_teardown {
	struct event_header header;
	__u64 handle;  /* argument of io_destroy; ABSENT in exit_aio */
	__u32 trigger; /* TRIGGER_DESTROY or TRIGGER_EXIT */
	__u32 state;   /* task state bits: 2 is TASK_UNINTERRUPTIBLE */
	__u32 pending_sigkill;
	__u32 depth;
	__u64 frames[KERNEL_STACK_DEPTH]; /* where in the kernel it waits, the innermost first */
};

/* Only the time and the address of the context are valid in its header. */
struct event_teardown_state {
	struct event_header header;
	__u32 wait_reason; /* enum wait_reason */
	__s32 siblings;    /* threads inside an AIO call on the context; ABSENT during the first grace period */
	__s32 requests;    /* outstanding */
	__u32 reserved;
};

/*
 * What user space sets before it loads the probes: addresses of kernel symbols, 0 if the kernel hides or lacks one.
 * Constant for the programs.
 */
struct settings {
	__u64 per_cpu_offset; /* array of the offsets of the CPUs; needed only before 5.18 */
	__u64 aio_nr;
	__u64 aio_max_nr;
	__u64 page_offset_base; /* x86-64: the kernel's map of all memory ... */
	__u64 vmemmap_base;     /* ... and its array of struct page */
	__u64 memstart_addr; /* arm64: the physical address that the map begins with ... */
	__u64 mem_section;   /* ... and the sections of memory */
	__u64 switch_to_atomic_rcu_begin; /* percpu_ref_switch_to_atomic_rcu */
	__u64 switch_to_atomic_rcu_end;
	__u64 return_trampoline_begin; /* where a function with a return probe returns */
	__u64 return_trampoline_end;
	__u64 aio_complete_rw;
	__u64 aio_fsync_work;
	__u64 aio_poll_complete_work;
	__u64 aio_poll_put_work;
	__u64 exit_aio_begin;
	__u64 exit_aio_end;
	__u32 possible_cpus;
	__u32 stacks; /* whether to send user stacks */
	__u32 watch_handles; /* whether to watch destroyed handles */
	__u32 hide_arguments; /* whether to read no arguments */
	__u64 boot_offset; /* CLOCK_BOOTTIME minus CLOCK_MONOTONIC; needed only before 5.8 */
	__u32 page_bytes;
	__u32 reserved;
};

/* What user space and the iterator over contexts share in one run, and what the programs keep. Both write to it. */
struct inventory {
	__u32 first_slot; /* the first slot to read in each table */
	__u32 next_slot;  /* set by the iterator if a table has more slots than it read */
	__u64 vmemmap;    /* arm64: the kernel's array of struct page; 0 until a program has found it */
	struct event_live_context context; /* the iterator's buffer */
};

#endif
