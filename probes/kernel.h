/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The few kernel structs that the probes read, with only the fields that they read. Each access uses the field's offset in
 * the running kernel (engine.h), so order and size here have no meaning. A suffix after ___ names the kernel version whose
 * layout of the struct this is.
 *
 * OPTIONAL: each use first checks that the running kernel has the field. A FIELD has had its name since Linux 4.18, or only
 * programs that no tier needs read it: agent/kernel-fields.md lists what its absence costs.
 */
#ifndef AIOSCOPE_KERNEL_H
#define AIOSCOPE_KERNEL_H

/* Without kernel headers the result is the same on every build machine. */
#define __VMLINUX_H__ /* for bpf_tracing.h: registers have the kernel's names */

#ifndef AIOSCOPE_BCC
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* From the kernel's interface (uapi/linux/bpf.h). */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum bpf_func_id {
	BPF_FUNC_ktime_get_boot_ns = 125,      /* 5.8 */
	BPF_FUNC_task_pt_regs = 175,           /* 5.15 */
	BPF_FUNC_map_lookup_percpu_elem = 195, /* 5.18 */
};
enum bpf_features {
	BPF_FEAT_STREAMS = 1, /* 6.17 */
};
#define BPF_ANY 0

/* Controllers of cgroups. Their numbers depend on the kernel. */
enum cgroup_subsys_id {
	cpu_cgrp_id,
	memory_cgrp_id,
	devices_cgrp_id,
	freezer_cgrp_id,
	pids_cgrp_id,
};
#endif

#include "event.h"
#include "engine.h"
#ifdef AIOSCOPE_BCC
#include "offsets.h"
#endif

#define AIO_RING_MAGIC 0xa10a10a1
#define TASK_UNINTERRUPTIBLE 2
#define TS_COMPAT 2        /* of x86-64 */
#define PSTATE_32_BIT 0x10 /* of arm64 */
#define THREAD_SIZE (16 * 1024) /* or a page if that is larger */
#define PF_WQ_WORKER 0x20
#define PF_KTHREAD 0x200000
#define EINVAL 22
#define S_IFMT 0170000
#define S_IFBLK 0060000
#define IOCB_WRITE (1 << 18)
#define IOCB_WRITE_BEFORE_5_10 (1 << 6) /* since 6.11 IOCB_ATOMIC, which only writes have */
#define USER_STACK (1 << 8) /* BPF_F_USER_STACK */
#define NODE_NAME_LEN 65
#define UTS_INIT_INO 0xeffffffeU  /* of the host's namespaces, PROC_UTS_INIT_INO before 6.18 */
#define USER_INIT_INO 0xeffffffdU /* likewise */

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

/* Types without a struct name in the kernel, or with one that differs. */
struct sigset {
	unsigned long sig[1];
};

struct kernfs_node_id {
	__u64 id;
};

struct kernel_id { /* kuid_t and kgid_t */
	__u32 val;
};

KERNEL_FUNCTION(bpf_preempt_disable)
KERNEL_FUNCTION(bpf_preempt_enable)

#ifndef AIOSCOPE_BCC
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

KERNEL_STRUCT(list_head)
	FIELD(list_head, next, struct list_head *next)
KERNEL_STRUCT_END

KERNEL_STRUCT(page)
	OPTIONAL(page, flags, unsigned long flags)
KERNEL_STRUCT_END

KERNEL_STRUCT(mem_section)
	OPTIONAL(mem_section, section_mem_map, unsigned long section_mem_map)
KERNEL_STRUCT_END

KERNEL_STRUCT(percpu_ref_data)
	OPTIONAL(percpu_ref_data, count, atomic64_t count)
KERNEL_STRUCT_END

KERNEL_STRUCT(percpu_ref)
	OPTIONAL(percpu_ref, percpu_count_ptr, unsigned long percpu_count_ptr)
	OPTIONAL(percpu_ref, data, struct percpu_ref_data *data)
KERNEL_STRUCT_END

/* Before 5.10 (2b0d3d3e4fcf) the count was in the percpu_ref itself. */
KERNEL_STRUCT(percpu_ref___v5_9)
	OPTIONAL(percpu_ref___v5_9, count, atomic64_t count)
KERNEL_STRUCT_END

KERNEL_STRUCT(kioctx_cpu)
	OPTIONAL(kioctx_cpu, reqs_available, unsigned int reqs_available)
KERNEL_STRUCT_END

KERNEL_STRUCT(work_struct)
	FIELD(work_struct, func, void *func)
KERNEL_STRUCT_END

KERNEL_STRUCT(rcu_work)
	FIELD(rcu_work, work, struct work_struct work)
KERNEL_STRUCT_END

KERNEL_STRUCT(kioctx)
	FIELD(kioctx, users, struct percpu_ref users)
	FIELD(kioctx, reqs, struct percpu_ref reqs)
	FIELD(kioctx, user_id, unsigned long user_id)
	OPTIONAL(kioctx, cpu, struct kioctx_cpu *cpu)
	OPTIONAL(kioctx, dead, atomic_t dead)
	OPTIONAL(kioctx, max_reqs, unsigned int max_reqs)
	OPTIONAL(kioctx, nr_events, unsigned int nr_events)
	FIELD(kioctx, mmap_size, unsigned long mmap_size)
	OPTIONAL(kioctx, ring_pages, struct page **ring_pages)
	FIELD(kioctx, free_rwork, struct rcu_work free_rwork)
	OPTIONAL(kioctx, reqs_available, atomic_t reqs_available)
	OPTIONAL(kioctx, active_reqs, struct list_head active_reqs)
	OPTIONAL(kioctx, tail, unsigned int tail)
	OPTIONAL(kioctx, completed_events, unsigned int completed_events)
	FIELD(kioctx, id, unsigned int id)
KERNEL_STRUCT_END

/* Since 6.12 the ring is an array of folios; a folio begins with its first page. */
KERNEL_STRUCT(kioctx___v6_12)
	OPTIONAL(kioctx___v6_12, ring_folios, struct page **ring_folios)
KERNEL_STRUCT_END

KERNEL_STRUCT(super_block)
	FIELD(super_block, s_dev, unsigned int s_dev)
	FIELD(super_block, s_magic, unsigned long s_magic)
KERNEL_STRUCT_END

KERNEL_STRUCT(inode)
	FIELD(inode, i_mode, unsigned short i_mode)
	FIELD(inode, i_ino, unsigned long i_ino)
	FIELD(inode, i_rdev, unsigned int i_rdev)
	FIELD(inode, i_sb, struct super_block *i_sb)
KERNEL_STRUCT_END

KERNEL_STRUCT(qstr)
	FIELD(qstr, name, const unsigned char *name)
KERNEL_STRUCT_END

KERNEL_STRUCT(hlist_bl_node)
	OPTIONAL(hlist_bl_node, pprev, void *pprev)
KERNEL_STRUCT_END

KERNEL_STRUCT(dentry)
	OPTIONAL(dentry, d_hash, struct hlist_bl_node d_hash)
	FIELD(dentry, d_parent, struct dentry *d_parent)
	FIELD(dentry, d_name, struct qstr d_name)
KERNEL_STRUCT_END

KERNEL_STRUCT(vfsmount)
	OPTIONAL(vfsmount, mnt_root, struct dentry *mnt_root)
KERNEL_STRUCT_END

KERNEL_STRUCT(mount)
	OPTIONAL(mount, mnt_parent, struct mount *mnt_parent)
	OPTIONAL(mount, mnt_mountpoint, struct dentry *mnt_mountpoint)
	OPTIONAL(mount, mnt, struct vfsmount mnt)
KERNEL_STRUCT_END

KERNEL_STRUCT(path)
	OPTIONAL(path, mnt, struct vfsmount *mnt)
	FIELD(path, dentry, struct dentry *dentry)
KERNEL_STRUCT_END

KERNEL_STRUCT(fs_struct)
	OPTIONAL(fs_struct, root, struct path root)
KERNEL_STRUCT_END

KERNEL_STRUCT(file)
	FIELD(file, f_path, struct path f_path)
	FIELD(file, f_inode, struct inode *f_inode)
KERNEL_STRUCT_END

KERNEL_STRUCT(kiocb)
	FIELD(kiocb, ki_pos, long long ki_pos)
	FIELD(kiocb, ki_complete, void *ki_complete)
	FIELD(kiocb, ki_flags, int ki_flags)
KERNEL_STRUCT_END

KERNEL_STRUCT(fsync_iocb)
	FIELD(fsync_iocb, work, struct work_struct work)
	FIELD(fsync_iocb, datasync, bool datasync)
KERNEL_STRUCT_END

KERNEL_STRUCT(poll_iocb)
	FIELD(poll_iocb, work, struct work_struct work)
KERNEL_STRUCT_END

KERNEL_STRUCT(refcount_struct)
	FIELD(refcount_struct, refs, atomic_t refs)
KERNEL_STRUCT_END

KERNEL_STRUCT(io_event)
	FIELD(io_event, res, long long res)
KERNEL_STRUCT_END

KERNEL_STRUCT(aio_kiocb)
	FIELD(aio_kiocb, ki_filp, struct file *ki_filp)
	FIELD(aio_kiocb, rw, struct kiocb rw)
	FIELD(aio_kiocb, fsync, struct fsync_iocb fsync)
	FIELD(aio_kiocb, poll, struct poll_iocb poll)
	FIELD(aio_kiocb, ki_ctx, struct kioctx *ki_ctx)
	FIELD(aio_kiocb, ki_res, struct io_event ki_res)
	FIELD(aio_kiocb, ki_refcnt, struct refcount_struct ki_refcnt)
KERNEL_STRUCT_END

KERNEL_STRUCT(ctx_rq_wait)
	FIELD(ctx_rq_wait, count, atomic_t count)
KERNEL_STRUCT_END

KERNEL_STRUCT(kioctx_table)
	FIELD(kioctx_table, nr, unsigned int nr)
	FIELD(kioctx_table, table, struct kioctx *table[1])
KERNEL_STRUCT_END

KERNEL_STRUCT(mm_struct)
	FIELD(mm_struct, ioctx_table, struct kioctx_table *ioctx_table)
	OPTIONAL(mm_struct, exe_file, struct file *exe_file)
	OPTIONAL(mm_struct, arg_start, unsigned long arg_start)
	OPTIONAL(mm_struct, arg_end, unsigned long arg_end)
KERNEL_STRUCT_END

KERNEL_STRUCT(sigpending)
	OPTIONAL(sigpending, signal, struct sigset signal)
KERNEL_STRUCT_END

KERNEL_STRUCT(signal_struct)
	OPTIONAL(signal_struct, shared_pending, struct sigpending shared_pending)
KERNEL_STRUCT_END

KERNEL_STRUCT(kernfs_node)
	OPTIONAL(kernfs_node, id, __u64 id)
	OPTIONAL(kernfs_node, __parent, struct kernfs_node *__parent)
	OPTIONAL(kernfs_node, name, const char *name)
KERNEL_STRUCT_END

/* Before 6.15 (633488947ef6) the name of the parent had no underscores. */
KERNEL_STRUCT(kernfs_node___v6_14)
	OPTIONAL(kernfs_node___v6_14, parent, struct kernfs_node *parent)
KERNEL_STRUCT_END

/* Before 5.5 (67c0496e87d1) the id was a union. */
KERNEL_STRUCT(kernfs_node___v5_4)
	OPTIONAL(kernfs_node___v5_4, id, struct kernfs_node_id id)
KERNEL_STRUCT_END

KERNEL_STRUCT(cgroup)
	OPTIONAL(cgroup, kn, struct kernfs_node *kn)
	OPTIONAL(cgroup, root, void *root)
KERNEL_STRUCT_END

KERNEL_STRUCT(cgroup_subsys_state)
	OPTIONAL(cgroup_subsys_state, cgroup, struct cgroup *cgroup)
KERNEL_STRUCT_END

KERNEL_STRUCT(css_set)
	OPTIONAL(css_set, subsys, struct cgroup_subsys_state *subsys[1])
	OPTIONAL(css_set, dfl_cgrp, struct cgroup *dfl_cgrp)
KERNEL_STRUCT_END

KERNEL_STRUCT(ns_common)
	OPTIONAL(ns_common, inum, unsigned int inum)
KERNEL_STRUCT_END

KERNEL_STRUCT(new_utsname)
	OPTIONAL(new_utsname, nodename, char nodename[NODE_NAME_LEN])
KERNEL_STRUCT_END

KERNEL_STRUCT(uts_namespace)
	OPTIONAL(uts_namespace, name, struct new_utsname name)
	OPTIONAL(uts_namespace, ns, struct ns_common ns)
KERNEL_STRUCT_END

KERNEL_STRUCT(nsproxy)
	OPTIONAL(nsproxy, uts_ns, struct uts_namespace *uts_ns)
	OPTIONAL(nsproxy, mnt_ns, void *mnt_ns)
KERNEL_STRUCT_END

KERNEL_STRUCT(user_namespace)
	OPTIONAL(user_namespace, ns, struct ns_common ns)
KERNEL_STRUCT_END

KERNEL_STRUCT(cred)
	OPTIONAL(cred, euid, struct kernel_id euid)
	OPTIONAL(cred, egid, struct kernel_id egid)
	OPTIONAL(cred, user_ns, struct user_namespace *user_ns)
KERNEL_STRUCT_END

KERNEL_STRUCT(pid_namespace)
	OPTIONAL(pid_namespace, child_reaper, struct task_struct *child_reaper)
KERNEL_STRUCT_END

KERNEL_STRUCT(upid)
	OPTIONAL(upid, nr, int nr)
	OPTIONAL(upid, ns, struct pid_namespace *ns)
KERNEL_STRUCT_END

KERNEL_STRUCT(pid)
	OPTIONAL(pid, level, unsigned int level)
	OPTIONAL(pid, numbers, struct upid numbers[1])
KERNEL_STRUCT_END

KERNEL_STRUCT(worker)
	FIELD(worker, current_work, struct work_struct *current_work)
	FIELD(worker, current_func, void *current_func)
KERNEL_STRUCT_END

KERNEL_STRUCT(kthread)
	FIELD(kthread, data, void *data)
KERNEL_STRUCT_END

/* Only x86-64 has a status here. */
KERNEL_STRUCT(thread_info)
	OPTIONAL(thread_info, status, __u32 status)
KERNEL_STRUCT_END

KERNEL_STRUCT(task_struct)
	FIELD(task_struct, thread_info, struct thread_info thread_info)
	FIELD(task_struct, flags, unsigned int flags)
	OPTIONAL(task_struct, __state, unsigned int __state)
	FIELD(task_struct, stack, void *stack)
	FIELD(task_struct, pid, int pid)
	FIELD(task_struct, tgid, int tgid)
	FIELD(task_struct, group_leader, struct task_struct *group_leader)
	FIELD(task_struct, mm, struct mm_struct *mm)
	OPTIONAL(task_struct, cgroups, struct css_set *cgroups)
	OPTIONAL(task_struct, nvcsw, unsigned long nvcsw)
	OPTIONAL(task_struct, start_boottime, __u64 start_boottime)
	FIELD(task_struct, comm, char comm[COMM_LEN])
	OPTIONAL(task_struct, signal, struct signal_struct *signal)
	OPTIONAL(task_struct, pending, struct sigpending pending)
	OPTIONAL(task_struct, worker_private, void *worker_private)
	OPTIONAL(task_struct, self_exec_id, __u32 self_exec_id)
	OPTIONAL(task_struct, cred, struct cred *cred)
	OPTIONAL(task_struct, fs, struct fs_struct *fs)
	OPTIONAL(task_struct, nsproxy, struct nsproxy *nsproxy)
	OPTIONAL(task_struct, thread_pid, struct pid *thread_pid)
KERNEL_STRUCT_END

/* Before 5.17 (e32cf5dfbe22) the data of a kernel thread was in a field that only user threads need. */
KERNEL_STRUCT(task_struct___v5_16)
	OPTIONAL(task_struct___v5_16, set_child_tid, void *set_child_tid)
KERNEL_STRUCT_END

/* Before 5.14 (2f064a59a11f) the name of the state had no underscores. */
KERNEL_STRUCT(task_struct___v5_13)
	OPTIONAL(task_struct___v5_13, state, long state)
KERNEL_STRUCT_END

/* Before 5.5 (cf25e24db61c) the start had another name. */
KERNEL_STRUCT(task_struct___v5_4)
	OPTIONAL(task_struct___v5_4, real_start_time, __u64 real_start_time)
KERNEL_STRUCT_END

KERNEL_STRUCT(bpf_array)
	OPTIONAL(bpf_array, pptrs, void *pptrs[1])
KERNEL_STRUCT_END

KERNEL_STRUCT(seq_file)
	OPTIONAL(seq_file, size, unsigned long size)
KERNEL_STRUCT_END

#ifndef AIOSCOPE_BCC
#pragma clang attribute pop
#endif

/* The context of an iterator, which programs read directly. */
struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *map;
	void *key;
	void *value;
};

/* Not for CO-RE: the layouts of these belong to the system call interface. */
struct aio_ring {
	__u32 id;
	__u32 nr;
	__u32 head;
	__u32 tail;
	__u32 magic;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};
#define SYSCALL(name) "__x64_sys_" #name
#define SYSCALL_NUMBER orig_ax
#define SYSCALL_ARGUMENT_1 di
#define SYSCALL_ARGUMENT_2 si
#define NR_IO_DESTROY 207
#define NR_IO_GETEVENTS 208
#define NR_IO_SUBMIT 209
#define NR_IO_CANCEL 210
#define NR_IO_PGETEVENTS 333
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp, pc, pstate;
};
struct pt_regs {
	__u64 regs[31];
	__u64 sp, pc, pstate;
	__u64 orig_x0;
	__s32 syscallno;
	__u32 unused;
};
#define SYSCALL(name) "__arm64_sys_" #name
#define SYSCALL_NUMBER syscallno
#define SYSCALL_ARGUMENT_1 orig_x0 /* register 0 holds the result after the call */
#define SYSCALL_ARGUMENT_2 regs[1]
#define NR_IO_DESTROY 1
#define NR_IO_SUBMIT 2
#define NR_IO_CANCEL 3
#define NR_IO_GETEVENTS 4
#define NR_IO_PGETEVENTS 292
#else
#error "aioscope supports x86-64 and arm64"
#endif

/* The format of the system call tracepoints. */
struct trace_sys_enter {
	__u64 common;
	__u64 number;
	unsigned long args[6];
};

struct trace_sys_exit {
	__u64 common;
	__u64 number;
	long result;
};

#endif
